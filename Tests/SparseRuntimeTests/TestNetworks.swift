import ModelFormats
import NeuralGraph
import Randomness
import Testing

/// Random networks, weights and images.
enum TestNetworks {
  static func normal(_ count: Int, seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed, stream: "normal")
    return (0..<count).map { _ in Float(generator.nextGaussian()) }
  }

  /// Weights with nontrivial biases and statistics.
  static func weights(_ graph: Graph, seed: UInt64) -> Weights {
    var weights = graph.initialWeights(seed: seed)
    var generator = SeededGenerator(seed: seed, stream: "weights")
    for parameter in graph.parameters() where parameter.shape.count == 1 {
      let values = (0..<parameter.shape[0]).map { _ in
        parameter.role == .bias
          ? Float(generator.nextGaussian()) : Float(0.5 + generator.nextUniform())
      }
      weights[parameter.name] = try? Tensor(shape: parameter.shape, values: values)
    }
    return weights
  }

  /// Packs every matrix whose name `isPacked` accepts, keeping `density` of the tiles.
  static func packed(
    _ graph: Graph, weights: Weights, pattern: HybridPattern, density: Double, seed: UInt64,
    isPacked: (Node) -> Bool = { _ in true }
  ) throws -> PackedModel {
    let (folded, weights) = try graph.foldingBatchNorm(weights)
    var generator = SeededGenerator(seed: seed, stream: "masks")
    var masks: [String: [Bool]] = [:]
    for node in folded.nodes where isPacked(node) {
      if case .convolution(let convolution) = node.operation, convolution.groups > 1 { continue }
      guard let matrix = WeightMatrix(node.operation) else { continue }
      let tiles = (matrix.columns + pattern.block - 1) / pattern.block
      masks[node.name] = pattern.randomMask(
        for: matrix, keptTiles: Int((Double(tiles) * density).rounded(.up)), using: &generator)
    }
    let classes = try #require(try folded.shapes()[folded.output]).count
    let channels = folded.input.channels
    return try PackedModel(
      description: ModelDescription(
        graph: folded, labels: (0..<classes).map { "class \($0)" },
        preprocessing: Preprocessing(
          shape: folded.input, mean: [Float](repeating: 0, count: channels),
          standardDeviation: [Float](repeating: 1, count: channels))),
      pattern: pattern, weights: weights, masks: masks, provenance: Provenance())
  }

  /// A residual network with everything that the runtime fuses or must not fuse.
  static func residual(_ side: Int = 13) throws -> Graph {
    var builder = GraphBuilder(input: ActivationShape(channels: 3, height: side, width: side + 2))
    var x = builder.convolution("stem", builder.image, out: 18, kernel: 5, stride: 2, padding: 2)
    x = builder.batchNorm("stem_bn", x)
    x = builder.relu("stem_relu", x)
    x = builder.maxPool("pool1", x, Window(kernel: 3, stride: 2, padding: 1))
    for (index, stride) in [1, 2].enumerated() {
      let name = "block\(index)"
      var y = builder.convolution(
        "\(name).conv1", x, out: 22, kernel: 3, stride: stride, padding: 1)
      y = builder.batchNorm("\(name).bn1", y)
      y = builder.relu("\(name).relu1", y, limit: 6)
      y = builder.convolution("\(name).conv2", y, out: 22, kernel: 3, padding: 1)
      y = builder.batchNorm("\(name).bn2", y)
      let z = builder.convolution("\(name).skip", x, out: 22, kernel: 1, stride: stride)
      y = builder.add("\(name).add", y, z)
      x = builder.relu("\(name).relu2", y)
    }
    x = builder.convolution("depthwise", x, out: 22, kernel: 3, padding: 1, groups: 22)
    x = builder.convolution("grouped", x, out: 8, kernel: 1, groups: 2, bias: true)
    let twice = builder.add("twice", x, x)
    let normalised = builder.batchNorm("bn", x)
    x = builder.add("late", twice, normalised)
    x = builder.averagePool("pool2", x, Window(kernel: 2, stride: 1, padding: 1))
    x = builder.globalAveragePool("pool3", x)
    x = builder.linear("fc", x, features: 8, out: 5)
    return try builder.graph(output: x)
  }

  /// Whether two sets of scores agree to 1e-4 of their size.
  static func expectEqual(
    _ found: [Float], _ expected: [Float], _ context: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(found.count == expected.count, "\(context)", sourceLocation: sourceLocation)
    let worst = zip(found, expected).map { abs($0 - $1) / (1 + abs($1)) }.max() ?? 0
    #expect(worst < 1e-4, "\(context)", sourceLocation: sourceLocation)
    #expect(!found.contains { $0.isNaN }, "\(context)", sourceLocation: sourceLocation)
  }
}
