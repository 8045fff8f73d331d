import ModelFormats
import NeuralGraph
import Randomness

/// Small packed models that between them have every operation and every kind of packed layer: what
/// other programs are tried with, and what fuzzing starts from.
enum FixtureNetworks {
  /// Models by a name that can stand in a file name.
  static func all() throws -> [(name: String, model: PackedModel)] {
    [
      ("residual-v1", try TestModels.packed(rows: 1)),
      ("residual-v2", try TestModels.packed(rows: 2)),
      ("residual-v4", try TestModels.packed(rows: 4)),
      ("gates", try packed(gates(), HybridPattern(keep: 1, block: 8, rows: 2))),
      ("linear", try packed(linear(), HybridPattern(keep: 3, block: 16, rows: 4))),
      (
        "stems",
        try packed(
          stems(), HybridPattern(keep: 2, block: 16, rows: 1), dense: ["stem", "second"])
      ),
    ]
  }

  /// The operations that `TestModels.graph` has not.
  private static func gates() -> Graph {
    let channels = 8
    func convolution(_ name: String, _ input: String, from: Int) -> Node {
      Node(
        name: name,
        operation: .convolution(
          Convolution(
            inChannels: from, outChannels: channels, window: Window(kernel: 1), bias: true)),
        inputs: [input])
    }
    return Graph(
      input: ActivationShape(channels: 3, height: 4, width: 5),
      nodes: [
        Node(
          name: "pad", operation: .pad(Padding(top: 1, left: 0, bottom: 0, right: 1)),
          inputs: [Graph.inputName]),
        convolution("a", "pad", from: 3),
        Node(name: "swish", operation: .hardSwish, inputs: ["a"]),
        Node(name: "squeeze", operation: .globalAveragePool, inputs: ["swish"]),
        convolution("excite", "squeeze", from: channels),
        Node(name: "gate", operation: .hardSigmoid(slope: 0.2, offset: 0.5), inputs: ["excite"]),
        Node(name: "gated", operation: .multiply, inputs: ["swish", "gate"]),
        Node(name: "soft", operation: .sigmoid, inputs: ["a"]),
        Node(name: "both", operation: .concatenate(inputs: 2), inputs: ["gated", "soft"]),
        Node(name: "scale", operation: .scaleShift(channels: 2 * channels), inputs: ["both"]),
        Node(
          name: "max", operation: .maxPool(Window(kernel: 3, stride: 2, padding: 1)),
          inputs: ["scale"]),
        Node(
          name: "mean", operation: .averagePool(Window(kernel: 2), countsPadding: true),
          inputs: ["max"]),
        Node(name: "clip", operation: .clip(lower: -1, upper: 1), inputs: ["mean"]),
        Node(
          name: "fc", operation: .linear(inFeatures: 4 * channels * 2, outFeatures: 3, bias: true),
          inputs: ["clip"]),
      ], output: "fc")
  }

  private static func linear() -> Graph {
    Graph(
      input: ActivationShape(channels: 1, height: 5, width: 5),
      nodes: [
        Node(
          name: "hidden", operation: .linear(inFeatures: 25, outFeatures: 20, bias: false),
          inputs: [Graph.inputName]),
        Node(name: "relu", operation: .relu(limit: nil), inputs: ["hidden"]),
        Node(
          name: "fc", operation: .linear(inFeatures: 20, outFeatures: 4, bias: true),
          inputs: ["relu"]),
      ], output: "fc")
  }

  /// Dense convolutions that the runtime computes with fewer multiplications, see `WinogradStep`:
  /// results of at least 192 places.
  private static func stems() -> Graph {
    func convolution(_ name: String, _ input: String, from: Int, _ window: Window) -> Node {
      Node(
        name: name,
        operation: .convolution(
          Convolution(inChannels: from, outChannels: 8, window: window, bias: true)),
        inputs: [input])
    }
    return Graph(
      input: ActivationShape(channels: 3, height: 30, width: 28),
      nodes: [
        convolution(
          "stem", Graph.inputName, from: 3, Window(kernel: 7, stride: 2, padding: 3)),
        Node(name: "relu", operation: .relu(limit: 6), inputs: ["stem"]),
        convolution("second", "relu", from: 8, Window(kernel: 3, padding: 1)),
        Node(name: "sum", operation: .add, inputs: ["second", "relu"]),
        Node(name: "pool", operation: .globalAveragePool, inputs: ["sum"]),
        Node(
          name: "fc", operation: .linear(inFeatures: 8, outFeatures: 3, bias: true),
          inputs: ["pool"]),
      ], output: "fc")
  }

  /// Packs every layer that can be but those in `dense`, with random weights and half of the tiles.
  static func packed(
    _ graph: Graph, _ pattern: HybridPattern, dense: Set<String> = [], seed: UInt64 = 1
  ) throws -> PackedModel {
    let shape = graph.input
    let classes = try graph.shapes()[graph.output]?.count ?? 0
    let description = try ModelDescription(
      graph: graph, labels: (0..<classes).map { "class \($0)" },
      preprocessing: Preprocessing(
        shape: shape, mean: Array(repeating: 0.4, count: shape.channels),
        standardDeviation: Array(repeating: 0.3, count: shape.channels)))
    var generator = SeededGenerator(seed: seed)
    var masks: [String: [Bool]] = [:]
    for node in graph.nodes {
      guard let matrix = WeightMatrix(node.operation), !dense.contains(node.name) else {
        continue
      }
      if case .convolution(let convolution) = node.operation, convolution.groups != 1 { continue }
      let tiles = (matrix.columns + pattern.block - 1) / pattern.block
      masks[node.name] = pattern.randomMask(
        for: matrix, keptTiles: (tiles + 1) / 2, using: &generator)
    }
    return try PackedModel(
      description: description, pattern: pattern, weights: graph.initialWeights(seed: seed),
      masks: masks, provenance: Provenance(generator: "tests"))
  }
}
