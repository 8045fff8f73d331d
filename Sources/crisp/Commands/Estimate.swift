import Accelerators
import ArgumentParser
import Datasets
import Flags
import Foundation
import Inputs
import ModelFormats
import NeuralGraph
import Training

/// `crisp estimate`: cycles and energy on a modelled accelerator.
struct Estimate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Estimate cycles and energy on a modelled accelerator.",
    discussion: """
      Examples:
        crisp estimate shoes.crisp.safetensors --accelerator crisp-stc
        crisp estimate shoes.crisp.safetensors --accelerator dual-side --data fashion-mnist
        crisp estimate --product 128x1152x1024 --weights 2:4 --accelerator sparse-tensor-core
        crisp estimate universal.safetensors --sweep --sparsity 0.9
        crisp estimate universal.safetensors --sweep --device v1.json --device v4.json

      An analytical model of a tensor-core-like machine (Documentation/accelerators.md), not a \
      measurement: compare designs with it, not with a processor's milliseconds.
      """)

  @Argument(help: "A dense or packed model; leave it out with --product.")
  var file: String?

  @Option(help: "Instead of a model: one product, M (outputs) x K (depth) x N (positions).")
  var product: ProductSize?

  @Option(help: "Weights of the product: dense, N:M such as 2:4, unstructured, or crisp:B.")
  var weights = WeightPattern.dense

  @Option(help: "Share of weights kept, 0 < density ≤ 1: for unstructured and crisp:B.")
  var weightDensity: Double?

  @Option(help: "Share of activations that are not zero, 0 < density ≤ 1 (default 1).")
  var activationDensity: Double?

  @OptionGroup var design: AcceleratorOptions

  @Option(help: "Images at once, 1 to 4096.")
  var batch = 1

  @Option(
    help:
      "Measure the share of zeros in activations on this data set's validation images, for a model."
  )
  var data: String?

  @Option(help: "Images to measure on, 1 to 1024.")
  var images = 32

  @Flag(help: "Print which N:M, block size and row groups reach a sparsity cheapest for a network.")
  var sweep = false

  @Option(
    help: """
      For --sweep, instead of an accelerator: a profile by crisp device, which has one pattern. Several \
      are compared.
      """)
  var device: [String] = []

  @Option(help: "Share of zeros that the sweep asks for, 0.5 to 0.99.")
  var sparsity = 0.9

  @OptionGroup var dataForm: DataFormOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (file == nil) != (product == nil) else {
      throw ValidationError("give either a model file or --product.")
    }
    guard device.isEmpty || sweep else {
      throw ValidationError("--device needs --sweep.")
    }
    if product != nil, data != nil || sweep {
      throw ValidationError("--data and --sweep need a model file.")
    }
    guard product != nil || (weightDensity == nil && activationDensity == nil) else {
      throw ValidationError(
        "--weight-density and --activation-density need --product; a model has its own.")
    }
    try InputRange(1...4096).check(batch, "--batch")
    try InputRange(1...1024).check(images, "--images")
    try InputRange(0.5...0.99).check(sparsity, "--sparsity")
  }

  func run() throws {
    let estimator = try design.estimator()
    if let product {
      let pattern = try weights.sparsity(density: weightDensity)
      let product = try MatrixProduct(
        outputs: product.outputs, depth: product.depth, positions: product.positions,
        activationDensity: activationDensity ?? 1)
      let report = ProductReport(
        accelerator: estimator.accelerator.rawValue,
        estimate: try estimator.estimate(product, weights: pattern))
      try output.print(report) { report.text }
      return
    }
    guard let file else { return }
    let model = try ModelFile(contentsOf: URL(fileURLWithPath: file))
    let densities = try data.map { try measuredDensities(model, dataset: $0) } ?? [:]
    if sweep {
      let graph = model.description.graph
      let report =
        try device.isEmpty
        ? SweepReport(
          graph: graph, densities: densities, batch: batch, sparsity: sparsity,
          estimator: estimator)
        : SweepReport(graph: graph, sparsity: sparsity, devices: device.map(DeviceFile.read))
      try output.print(report) { report.text }
      return
    }
    let products = try model.description.graph.products(batch: batch, densities: densities) {
      model.sparsity(of: $0)
    }
    let report = NetworkReport(
      file: file, estimator: estimator, batch: batch, measured: data != nil,
      estimate: try NetworkEstimate(products, estimator: estimator))
    try output.print(report) { report.text }
  }

  /// Shares of activations that are not zero on the first validation images of each class.
  private func measuredDensities(_ model: ModelFile, dataset name: String) throws -> [String:
    Double]
  {
    let threads = threads.count()
    let dataset = try dataForm.load(name)
    let loader = try BatchLoader(
      dataset: dataset, classes: dataset.classIndices(model.description.labels),
      preprocessing: model.description.preprocessing, decodeThreads: threads)
    // Of every class alike; the test split is for accuracy alone.
    let batches = loader.sequential(
      .validation, batchSize: images,
      mostPerClass: max(1, images / model.description.labels.count))
    guard let batch = batches.first(where: { $0.count > 0 }) else {
      throw ValidationError("--data has no validation images of these classes.")
    }
    let weights: Weights =
      switch model {
      case .dense(let model): model.weights
      case .packed(let model): try model.denseWeights()
      }
    return try Network(graph: model.description.graph, weights: weights, threads: threads)
      .activationDensities(batch.images, count: batch.count)
  }
}
