import ArgumentParser
import Datasets
import Digests
import Flags
import Foundation
import Latency
import ModelCards
import ModelFormats
import Pruning
import ServiceAPI
import SparseRuntime
import Tailoring
import Training

/// `crisp prune`: one personalisation on this machine, without a server.
struct Prune: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tailor a universal model to some classes.",
    discussion: """
      Example: crisp prune --model universal.safetensors --data fashion-mnist \
      --classes "Sandal,Sneaker,Ankle boot" --sparsity 0.9 --out shoes.crisp.safetensors

      A model card says how its model was made. On the same machine, crisp prune --model \
      universal.safetensors --recipe card.json --out again.safetensors writes the same bytes.
      """)

  @Option(help: "The universal model.")
  var model: String

  @OptionGroup var data: DataOptions

  @OptionGroup var classes: ClassOptions

  @Option(help: "Where to write the packed model; needed unless --dry-run is given.")
  var out: String?

  @Option(help: "Where to write the model card, as a server makes it.")
  var card: String?

  @OptionGroup var target: TargetOptions

  @Option(help: "The profile that --latency-ms is predicted with, see crisp device.")
  var device: String?

  @OptionGroup var pattern: PatternOptions

  @Option(
    help:
      "How the packed file stores weights: float32, float16 in half the bytes, or int8 in a quarter."
  )
  var storage: ModelFormats.Precision?

  @Option(
    help: ArgumentHelp(
      "Further fields of the recipe as JSON: '{\"iterations\": 8, \"final_epochs\": 10}'.",
      discussion: """
        Or the path of a JSON file: such fields, a whole recipe as --json prints it, or a model \
        card, which decides classes and threads too.
        """))
  var recipe: String?

  @Option(help: "Seed of sampling and augmentation: 0 (the default) to 9223372036854775807.")
  var seed: UInt64?

  @Flag(
    help:
      "Only estimate what the run would cost: updates, seconds (a few updates are timed), memory, disk."
  )
  var dryRun = false

  @OptionGroup var threads: ThreadOptions
  @OptionGroup var output: OutputOptions

  /// What `--json` prints.
  struct Report: Encodable {
    let file: String
    let sha256: String
    /// Whether these are the bytes of the card's model; nil without a card that says.
    let isReproduced: Bool?
    let seconds: Double
    let recipe: PruningRecipe
    let latency: LatencyComparison
    let report: PersonalizationReport
    /// What one image costs on a modelled accelerator, as the card says it.
    let accelerator: ModelCard.Accelerator?
  }

  func validate() throws {
    try PruningRecipe.seeds.check(seed, "--seed")
    guard (target.latencyMs == nil) == (device == nil) else {
      throw ValidationError("--latency-ms and --device go together; crisp device writes a profile.")
    }
    guard dryRun != (out != nil) else {
      throw ValidationError(
        dryRun ? "--dry-run writes nothing; leave --out out." : "--out is needed.")
    }
    guard !dryRun || card == nil else {
      throw ValidationError("--dry-run writes nothing; leave --card out.")
    }
  }

  func run() throws {
    for path in [out, card].compactMap({ $0 }) { try checkOutput(path) }
    let wanted = try recipe.map { try RecipeArgument($0) }
    try checkOptions(beside: wanted)
    guard case .dense(let universal) = try ModelFile(contentsOf: URL(fileURLWithPath: model))
    else {
      throw ValidationError("'\(model)' is pruned already; --model needs a dense model.")
    }
    let dataset = try data.load()
    let digest = try SHA256.digest(ofFile: model).hex
    let again: CardRun? = if case .card(let run) = wanted { run } else { nil }
    try again?.check(model: digest, data: dataset.digest.hex)
    let recipe = try recipe(wanted, for: universal)
    let profile = try again?.profile ?? profile()
    let threads = again?.threads ?? threads.count()
    let personalization = try Personalization(
      universal: universal, universalDigest: digest, dataset: dataset, profile: profile,
      recipe: recipe, threads: threads)
    if personalization.recipe.batchSize < recipe.batchSize {
      warn(
        "batch_size \(recipe.batchSize) is cut to \(personalization.recipe.batchSize), the training "
          + "images there are")
    }
    guard let out else {
      let estimate = try personalization.estimate(
        speed: RunSpeed.measure(universal, precision: recipe.precision.used, threads: threads))
      return try output.print(estimate) { estimate.text }
    }

    let bar = ProgressBar()
    let start = Date()
    let result = try personalization.run(
      hooks: Personalization.Hooks(progress: { progress in
        let accuracy = progress.accuracy.map { "  validation \(percent($0))" } ?? ""
        bar.update(
          progress.fraction,
          "\(progress.stage.rawValue)  sparsity \(percent(progress.sparsity))\(accuracy)")
      }))
    bar.finish()
    warnOfSkippedImages(dataset)
    let seconds = Date().timeIntervalSince(start)
    try result.packed.write(to: URL(fileURLWithPath: out), options: .atomic)
    let finished = try FinishedRun(
      result, profile: profile,
      baseModel: ModelCard.Source(
        name: URL(fileURLWithPath: model).lastPathComponent, sha256: digest),
      dataset: dataset, threads: threads, generator: Crisp.generator)
    if let card { try JSONFile.write(finished.card, to: card) }
    let found = SHA256.digest(of: result.packed).hex
    let isReproduced = again?.card.sha256.map { $0 == found }
    if let again, isReproduced == false { warnOfOtherBytes(again.card) }
    let report = Report(
      file: out, sha256: found, isReproduced: isReproduced, seconds: seconds,
      recipe: result.recipe, latency: finished.latency, report: result.report,
      accelerator: finished.card.accelerator)
    try output.print(report) { text(report) }
  }

  private func profile() throws -> ClassProfile {
    try ClassProfile(classes.entries() ?? [])
  }

  /// The recipe of a card or a file, else the one that the options describe.
  private func recipe(_ wanted: RecipeArgument?, for universal: DenseModel) throws
    -> PruningRecipe
  {
    var recipe = PruningRecipe(
      pattern: try pattern.pattern(), sparsity: PruningRecipe.defaultSparsity)
    recipe.augmentation = .usual(for: universal)
    switch wanted {
    case .card(let run): return run.recipe
    case .whole(let whole): return whole
    case .fields(let fields): recipe = try recipe.overridden(by: fields)
    case nil: break
    }
    recipe.target = target.target ?? recipe.target
    recipe.minAccuracy = target.minAccuracy
    recipe.accelerator = try target.usedAccelerator()
    recipe.device = try device.map { try DeviceFile.read($0) }
    recipe.storage = storage ?? recipe.storage
    recipe.seed = seed ?? recipe.seed
    return recipe
  }

  /// Refuses options that a card or a whole recipe decides: which of two would count?
  private func checkOptions(beside wanted: RecipeArgument?) throws {
    let ofRecipe = [
      ("--\(target.target?.name.replacing("_", with: "-") ?? "")", target.target != nil),
      ("--min-accuracy", target.minAccuracy != nil), ("--keep", pattern.keep != nil),
      ("--of", pattern.of != nil), ("--block", pattern.block != nil),
      ("--rows", pattern.rows != nil), ("--storage", storage != nil), ("--seed", seed != nil),
    ]
    switch wanted {
    case .fields, nil: break
    case .whole:
      if let option = ofRecipe.first(where: \.1) {
        throw ValidationError(
          "\(option.0) cannot be used with a whole recipe, which already decides it.")
      }
    case .card(let run):
      let ofCard = [(classes.option ?? "", classes.option != nil)] + ofRecipe
      if let option = ofCard.first(where: \.1) {
        throw ValidationError(
          "\(option.0) cannot be used with a model card, which already decides it.")
      }
      if let given = threads.threads, given != run.threads {
        throw ValidationError(
          "the model card's run used \(run.threads) thread(s); another number writes other bytes.")
      }
      return
    }
    guard classes.option != nil else {
      throw ValidationError("--classes or --classes-file is needed without a model card.")
    }
  }

  private func warnOfOtherBytes(_ card: ModelCard) {
    warn(
      "these are not the bytes of the card's model (sha256 \(card.sha256 ?? "")), which "
        + "\(card.generator) made on '\(card.latency.processor)'; this is \(Crisp.generator) on "
        + "'\(Processor.name)'")
  }

  private static func text(_ accelerator: ModelCard.Accelerator?) -> String {
    guard let found = accelerator else { return "" }
    let cycles = String(format: "%.0f", found.cycles)
    let energy = String(format: "%.2f", found.energyUj)
    let fewer = String(format: "%.2f", found.dense.timesTheCycles)
    let less = String(format: "%.2f", found.dense.timesTheEnergy)
    return """

      modelled on \(found.name): \(cycles) cycles (dense \(fewer)x), \(energy) uJ (dense \(less)x), bound \
      by \(found.bound)
      """
  }

  private func text(_ report: Report) -> String {
    let figures = report.report
    let tuned =
      figures.references.denseFineTuned.map {
        ", dense fine-tuned \(percent($0.testAccuracy))"
      } ?? ""
    return """
      \(report.file): sha256 \(report.sha256)\(report.isReproduced == true ? ", as on the card" : ""), \
      \(Int(report.seconds)) s
      accuracy on the test split: universal restricted \
      \(percent(figures.references.restricted.testAccuracy))\(tuned), pruned \
      \(percent(figures.pruned.testAccuracy))
      sparsity: \(percent(figures.globalSparsity)) of the prunable layers, \
      \(percent(figures.modelSparsity)) of the model
      bytes: \(figures.denseBytes) dense, \(figures.packedBytes) packed
      multiply-accumulates: \(figures.denseMultiplyAccumulates) dense, \
      \(figures.keptMultiplyAccumulates) kept
      milliseconds per image: \(String(format: "%.3f", report.latency.dense)) dense, \
      \(String(format: "%.3f", report.latency.sparse)) sparse\(Self.text(report.accelerator))
      layers:
      \(LayerTable.text(figures.layers, recipe: report.recipe))
      """
  }
}
