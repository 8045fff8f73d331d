import ArgumentParser
import Comparison
import Cores
import Datasets
import Digests
import Flags
import Foundation
import Inputs
import ModelFormats
import Pruning
import Training

/// `crisp compare`: the method against baselines over sparsities, class sets and seeds.
struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare ways of pruning over sparsities, class sets and seeds.",
    discussion: """
      Example: crisp compare --model universal.safetensors --data fashion-mnist \
      --classes "T-shirt,Pullover,Coat,Shirt" --random-sets 3:2 --sparsities 0.8,0.9 \
      --seeds 0,1,2 --variant hybrid --variant 'four rows={"rows": 4}' --out comparison

      Every run that ends is kept in OUT/results.jsonl. After a stop (Ctrl-C, a crash) the same \
      command goes on where it was; runs that other options add are added. In the end OUT holds \
      results.csv, summary.csv, summary.md and SVG charts: accuracy against sparsity, accuracy \
      against the number of classes, weights kept in each layer.

      Without --variant the method is compared with every baseline: \
      \(Variant.standard.map(\.name).joined(separator: ", ")). A variant's JSON holds fields of a \
      recipe (see crisp prune --recipe) and keep, of, block, rows of its pattern.

      A suite file describes more than options can. Groups with the same "figure" (the group's \
      name unless given) share tables and charts; a run that several groups ask for is done once; \
      one variant name must mean one recipe everywhere. "variants" are names of the above or \
      objects, whose own "sparsities" replace the group's. "sets" are lists of classes (a name, or \
      {"name", "weight"}) or random ones. Paths are relative to the working directory; --model \
      and --data go before the file's.

      {"model": "universal.safetensors", "data": "fashion-mnist", "set_seed": 0, "groups": [
        {"name": "baselines", "figure": "main", "variants": ["hybrid", "blocks",
           {"name": "1:4", "recipe": {"keep": 1}, "sparsities": [0.95]}],
         "sets": [["Coat", "Shirt"], {"random": {"size": 5, "count": 3}}],
         "sparsities": [0.8, 0.9], "seeds": [0, 1, 2], "recipe": {"iterations": 6}}]}
      """)

  @Option(help: "A suite file; replaces the options for classes, sparsities, seeds, variants.")
  var suite: String?

  @Option(help: "The universal model.")
  var model: String?

  @Option(help: DataHelp.text)
  var data: String?

  @OptionGroup var dataForm: DataFormOptions

  @Option(
    help: """
      A class set, classes separated by commas, weights as "Bag=3", names with commas in double \
      quotes; repeatable.
      """,
    transform: ClassList.init)
  var classes: [ClassList] = []

  @Option(help: "A class set as a file, one class a line, a weight after a tab; repeatable.")
  var classesFile: [String] = []

  @Option(help: "K:COUNT, so many random sets of K classes, the same every time; repeatable.")
  var randomSets: [RandomSetsArgument] = []

  @Option(help: "Shares of zeros in the prunable layers, separated by commas.")
  var sparsities = NumberList([0.8, 0.9, 0.95])

  @Option(help: "Seeds of sampling and augmentation, separated by commas.")
  var seeds = NumberList<UInt64>([0, 1, 2])

  @Option(
    help: "NAME={recipe fields as JSON}, or a standard variant's name; repeatable.",
    transform: VariantArgument.init)
  var variant: [VariantArgument] = []

  @Option(help: "Folder of the results.")
  var out: String?

  @Flag(
    help:
      "Only estimate what all runs would cost: updates, hours (a few updates are timed), memory.")
  var dryRun = false

  @Option(help: "Runs at once, one thread each (default: all cores).")
  var workers: Int?

  @Flag(help: "Do failed runs again.")
  var retry = false

  @OptionGroup var output: OutputOptions

  /// What `--json` prints.
  struct Report: Encodable {
    let folder: String
    let runs: Int
    /// Runs still to do after a stop.
    let missing: Int
    let failed: Int
    let files: [String]
    let summary: [SummaryRow]
  }

  func validate() throws {
    guard dryRun != (out != nil) else {
      throw ValidationError(
        dryRun ? "--dry-run writes nothing; leave --out out." : "--out is needed.")
    }
    try InputRange(1...1024).check(workers, "--workers")
    for sparsity in sparsities.values {
      try PruningTarget.sparsities.check(sparsity, "--sparsities")
    }
    for seed in seeds.values { try PruningRecipe.seeds.check(seed, "--seeds") }
    let setCount = classes.count + classesFile.count + randomSets.count
    guard suite == nil || (setCount == 0 && variant.isEmpty) else {
      throw ValidationError(
        "--suite cannot be used together with --classes, --classes-file, --random-sets or --variant."
      )
    }
    guard suite != nil || setCount > 0 else {
      throw ValidationError(
        "name class sets with --classes, --classes-file or --random-sets, or give a --suite.")
    }
  }

  func run() throws {
    let suite = try readSuite()
    let plan = try Plan(suite, material: material(suite))
    let workers = workers.map { usableCores($0, "--workers") } ?? Cores.usable
    guard let out else {
      let estimate = try plan.estimate(
        speed: RunSpeed.measure(plan.material.universal, threads: 1), workers: workers)
      return try output.print(estimate) { estimate.text }
    }
    let comparison = Comparison(
      plan, folder: out, workers: workers, retriesFailures: retry)
    let interruption = Interruption()
    let bar = ProgressBar()
    let flag = interruption.flag
    let results = try withExtendedLifetime(interruption) {
      try comparison.run(isStopped: { flag.isSet }) { progress in
        for finished in progress.finished { bar.note(Self.text(finished)) }
        let left = progress.secondsLeft.map { ", \(Self.duration($0)) left" } ?? ""
        bar.update(progress.fraction, "\(progress.done) of \(progress.total) runs\(left)")
      }
    }
    bar.finish()
    warnOfSkippedImages(plan.material.dataset)
    let files = try results.write(to: out)
    let report = Report(
      folder: out, runs: results.runs.count, missing: results.missing, failed: results.failed,
      files: files, summary: results.summary)
    try output.print(report) {
      """
      \(results.text)

      \(report.runs - report.missing) of \(report.runs) runs have ended, \(report.failed) of them \
      in failure; tables and charts are in \(out)
      """
    }
    if results.missing > 0 {
      bar.note("stopped; the same command goes on with the \(results.missing) runs left")
      throw ExitCode(130)  // what shells say of a program that SIGINT ended
    }
  }

  private func readSuite() throws -> Suite {
    guard let path = suite else {
      let sets =
        classes.map { Suite.Sets.given($0.entries) }
        + (try classesFile.map { .given(try ClassFile.entries($0)) })
      return Suite(
        groups: [
          Suite.Group(
            name: "comparison",
            variants: variant.isEmpty ? Variant.standard : variant.map(\.variant),
            sets: sets + randomSets.map(\.sets), sparsities: sparsities.values,
            seeds: seeds.values)
        ])
    }
    guard let json = FileManager.default.contents(atPath: path) else {
      throw ValidationError("cannot read '\(path)'.")
    }
    return try Suite(json: json)
  }

  private func material(_ suite: Suite) throws -> Plan.Material {
    guard let path = model ?? suite.model else {
      throw ValidationError("--model is missing; a suite file may name it, too.")
    }
    guard case .dense(let universal) = try ModelFile(contentsOf: URL(fileURLWithPath: path))
    else {
      throw ValidationError("'\(path)' is pruned already; --model needs a dense model.")
    }
    return Plan.Material(
      universal: universal, modelDigest: try SHA256.digest(ofFile: path).hex,
      dataset: try dataForm.load(data ?? suite.data ?? DatasetCatalog.fashionMNIST.name))
  }

  private static func text(_ finished: ComparisonProgress.Finished) -> String {
    let run = finished.run
    let name =
      "\(run.variants.joined(separator: ", ")), \(percent(run.targetSparsity)), \(run.setName), "
      + "seed \(run.recipe.seed)"
    if let failure = finished.record.failure {
      return "\(name): failed (\(failure.code)): \(failure.message)"
    }
    let points = finished.record.outcome.map { String(format: "%+.2f points", $0.difference) }
    return "\(name): \(points ?? ""), \(duration(finished.record.seconds))"
  }

  private static func duration(_ seconds: Double) -> String {
    let whole = Int(min(1e9, max(0, seconds.rounded())))
    if whole < 60 { return "\(whole) s" }
    return whole < 3600 ? "\(whole / 60) min" : "\(whole / 3600) h \(whole % 3600 / 60) min"
  }
}
