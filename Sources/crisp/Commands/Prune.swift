import ArgumentParser
import Datasets
import Digests
import Foundation
import ModelFormats
import Pruning
import Training

/// `crisp prune`: one personalisation on this machine, without a server.
struct Prune: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tailor a universal model to some classes.",
    discussion: """
      Example: crisp prune --model universal.safetensors --data fashion-mnist \
      --classes "Sandal,Sneaker,Ankle boot" --sparsity 0.9 --out shoes.crisp.safetensors
      """)

  @Option(help: "The universal model.")
  var model: String

  @Option(
    help:
      "Data set: a known name, a folder (IDX, CIFAR binary, split/class/picture), or an .npz file."
  )
  var data = DatasetCatalog.fashionMNIST.name

  @Option(help: "Classes, separated by commas; a weight may follow: \"Bag=3,Shirt\".")
  var classes: ClassList

  @Option(help: "Where to write the packed model.")
  var out: String

  @Option(help: "Share of zeros in the prunable layers; 0 only fine-tunes.")
  var sparsity = PruningRecipe.defaultSparsity

  @Option(help: "N of N:M, the weights kept of every group.")
  var keep = HybridPattern.standard.keep

  @Option(help: "M of N:M, the size of a group.")
  var of = HybridPattern.standard.of

  @Option(help: "Side of a block: 8, 16, 32 or 64.")
  var block = HybridPattern.standard.block

  @Option(help: "Adjacent output channels that share positions: 1, 2 or 4.")
  var rows = HybridPattern.standard.rows

  @Option(
    help: "Further fields of the recipe as JSON: '{\"iterations\": 8, \"final_epochs\": 10}'.")
  var recipe: String?

  @Option(help: "Seed of sampling and augmentation.")
  var seed: UInt64 = 0

  @OptionGroup var threads: ThreadOptions
  @OptionGroup var output: OutputOptions

  /// What `--json` prints.
  struct Report: Encodable {
    let file: String
    let sha256: String
    let seconds: Double
    let recipe: PruningRecipe
    let latency: LatencyComparison
    let report: PersonalizationReport
  }

  func run() throws {
    ThreadWaiting.preferSleeping()
    guard case .dense(let universal) = try ModelFile(contentsOf: URL(fileURLWithPath: model))
    else {
      throw ValidationError("'\(model)' is pruned already; --model needs a dense model.")
    }
    var recipe = PruningRecipe(
      pattern: try HybridPattern(keep: keep, of: of, block: block, rows: rows),
      sparsity: sparsity)
    recipe.augmentation = .usual(for: universal)
    if let overrides = self.recipe { recipe = try recipe.overridden(by: Data(overrides.utf8)) }
    recipe.seed = seed
    let dataset = try DatasetCatalog.load(data)
    let personalization = try Personalization(
      universal: universal, universalDigest: SHA256.digest(ofFile: model).hex,
      dataset: dataset,
      profile: ClassProfile(
        classes.entries.map { ClassProfile.Entry(name: $0.name, weight: $0.weight) }),
      recipe: recipe, threads: threads.count)

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
    let latency = try LatencyComparison.measure(
      dense: result.denseSliced, packed: PackedModel(data: result.packed))
    let report = Report(
      file: out, sha256: SHA256.digest(of: result.packed).hex, seconds: seconds, recipe: recipe,
      latency: latency, report: result.report)
    try output.print(report) { text(report) }
  }

  private func text(_ report: Report) -> String {
    let figures = report.report
    return """
      \(report.file): sha256 \(report.sha256), \(Int(report.seconds)) s
      accuracy on the test split: universal restricted \
      \(percent(figures.references.restricted.test.accuracy)), dense fine-tuned \
      \(percent(figures.references.denseFineTuned.test.accuracy)), pruned \
      \(percent(figures.pruned.test.accuracy))
      sparsity: \(percent(figures.globalSparsity)) of the prunable layers, \
      \(percent(figures.modelSparsity)) of the model
      bytes: \(figures.denseBytes) dense, \(figures.packedBytes) packed
      multiply-accumulates: \(figures.denseMultiplyAccumulates) dense, \
      \(figures.keptMultiplyAccumulates) kept
      milliseconds per image: \(String(format: "%.3f", report.latency.dense)) dense, \
      \(String(format: "%.3f", report.latency.sparse)) sparse
      layers:
      \(LayerTable.text(figures.layers, pattern: report.recipe.pattern))
      """
  }
}
