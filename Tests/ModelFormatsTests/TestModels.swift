import ModelFormats
import NeuralGraph
import Randomness

/// Small models for the tests of files.
enum TestModels {
  /// A residual network with ragged sides, a strided and a grouped convolution, and a classifier.
  static func graph() throws -> Graph {
    var builder = GraphBuilder(input: ActivationShape(channels: 3, height: 6, width: 6))
    var x = builder.convolution("stem", builder.image, out: 6, kernel: 3, padding: 1)
    x = builder.batchNorm("stem_bn", x)
    x = builder.relu("stem_relu", x, limit: 6)
    let skip = x
    x = builder.convolution("conv", x, out: 10, kernel: 3, stride: 2, padding: 1)
    x = builder.batchNorm("conv_bn", x)
    let projected = builder.convolution("skip", skip, out: 10, kernel: 1, stride: 2, bias: true)
    x = builder.add("sum", x, projected)
    x = builder.convolution("depthwise", x, out: 10, kernel: 3, padding: 1, groups: 10)
    x = builder.globalAveragePool("pool", x)
    x = builder.linear("fc", x, features: 10, out: 3)
    return try builder.graph(output: x)
  }

  static func description() throws -> ModelDescription {
    try ModelDescription(
      graph: graph(), labels: ["cat", "dog", "é \"quoted\""],
      preprocessing: Preprocessing(
        shape: graph().input, mean: [0.1, 0.2, 0.3], standardDeviation: [1, 0.5, 0.25]),
      architecture: "tiny", dataset: "none")
  }

  static func dense() throws -> DenseModel {
    let description = try description()
    return try DenseModel(
      description: description, weights: description.graph.initialWeights(seed: 3),
      training: #"{"epochs":3}"#)
  }

  static func packed(rows: Int = 2, seed: UInt64 = 5) throws -> PackedModel {
    let dense = try dense()
    let (graph, weights) = try dense.description.graph.foldingBatchNorm(dense.weights)
    let pattern = try HybridPattern(keep: 2, block: 8, rows: rows)
    let classifier = try HybridPattern(keep: 1, block: 16)
    var generator = SeededGenerator(seed: seed)
    var masks: [String: [Bool]] = [:]
    for name in ["conv", "skip", "fc"] {
      guard let node = graph.node(named: name), let matrix = WeightMatrix(node.operation) else {
        continue
      }
      let pattern = name == "fc" ? classifier : pattern
      masks[name] = pattern.randomMask(
        for: matrix, keptTiles: name == "conv" ? 3 : 100, using: &generator)
    }
    return try PackedModel(
      description: dense.description.with(graph: graph), pattern: pattern, weights: weights,
      masks: masks, patterns: ["fc": classifier],
      provenance: Provenance(
        recipe: #"{"classes":[1,2]}"#, accuracy: "0.5", seed: .max, baseModelDigest: "sha256:0",
        dataDigest: "sha256:1", generator: "tests"))
  }
}
