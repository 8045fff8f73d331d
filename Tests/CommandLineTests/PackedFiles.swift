import Foundation
import ModelFormats
import NeuralGraph
import Randomness
import TestSupport

/// Small packed models with random weights.
enum PackedFiles {
  /// A residual block between a stem and a classifier.
  static func graph() throws -> Graph {
    var builder = GraphBuilder(input: ActivationShape(channels: 1, height: 12, width: 10))
    var x = builder.convolution("stem", builder.image, out: 16, kernel: 3, padding: 1, bias: true)
    x = builder.relu("relu", x)
    var y = builder.convolution("one", x, out: 16, kernel: 3, padding: 1, bias: true)
    y = builder.relu("relu1", y)
    y = builder.convolution("two", y, out: 16, kernel: 1, bias: true)
    x = builder.add("add", y, x)
    x = builder.globalAveragePool("pool", x)
    x = builder.linear("fc", x, features: 16, out: 3)
    return try builder.graph(output: x)
  }

  /// Packs the layers named `packed`, half of their tiles at 2:4, and writes the model.
  static func write(
    _ graph: Graph, packing packed: [String], to folder: TemporaryFolder, _ name: String
  ) throws {
    let pattern = try HybridPattern(keep: 2, block: 8, rows: 2)
    var generator = SeededGenerator(seed: 1, stream: "masks")
    var masks: [String: [Bool]] = [:]
    for node in graph.nodes where packed.contains(node.name) {
      guard let matrix = WeightMatrix(node.operation) else { continue }
      masks[node.name] = pattern.randomMask(
        for: matrix, keptTiles: matrix.columns / pattern.block / 2, using: &generator)
    }
    let classes = try graph.shapes()[graph.output]?.count ?? 0
    let channels = graph.input.channels
    let model = try PackedModel(
      description: ModelDescription(
        graph: graph, labels: (0..<classes).map { "class \($0)" },
        preprocessing: Preprocessing(
          shape: graph.input, mean: [Float](repeating: 0, count: channels),
          standardDeviation: [Float](repeating: 1, count: channels))),
      pattern: pattern, weights: graph.initialWeights(seed: 1), masks: masks,
      provenance: Provenance())
    try folder.write(Array(model.serialized()), to: name)
  }
}
