import NeuralGraph
import Randomness
import Testing

@Suite struct BatchNormFoldingTests {
  private static let channels = 3

  /// Layers over one pixel of three channels, so that a graph's function fits in a few lines here.
  private static let layer = Operation.convolution(
    Convolution(
      inChannels: channels, outChannels: channels, window: Window(kernel: 1), bias: false))
  private static let biased = Operation.convolution(
    Convolution(inChannels: channels, outChannels: channels, window: Window(kernel: 1), bias: true))
  private static let linear = Operation.linear(
    inFeatures: channels, outFeatures: channels, bias: false)
  private static let norm = Operation.batchNorm(channels: channels, epsilon: 1e-3)
  private static let relu = Operation.relu(limit: nil)
  private static let scale = Operation.scaleShift(channels: channels)

  private func graph(_ nodes: [(String, Operation, [String])], output: String) -> Graph {
    Graph(
      input: ActivationShape(channels: Self.channels, height: 1, width: 1),
      nodes: nodes.map { Node(name: $0.0, operation: $0.1, inputs: $0.2) }, output: output)
  }

  /// Weights that make every batch norm do something; variances are positive.
  private func weights(_ graph: Graph) -> Weights {
    var generator = SeededGenerator(seed: 1, stream: "folding")
    var weights: Weights = [:]
    for parameter in graph.parameters() {
      var tensor = Tensor(shape: parameter.shape, filledWith: 0)
      for i in tensor.values.indices {
        let value = Float(generator.nextUniform())
        tensor.values[i] = parameter.role == .statistic ? value + 0.5 : value * 2 - 1
      }
      weights[parameter.name] = tensor
    }
    return weights
  }

  /// The graph's function on one pixel, in double precision.
  private func evaluate(_ graph: Graph, _ weights: Weights, _ x: [Double]) throws -> [Double] {
    var values = [Graph.inputName: x]
    for node in graph.nodes {
      let read = try node.inputs.map { try #require(values[$0]) }
      func tensor(_ name: String) throws -> [Double] {
        try weights.tensor(name).values.map(Double.init)
      }
      switch node.operation {
      case .convolution, .linear:
        let matrix = try tensor(node.weightName)
        let bias = weights[node.biasName]?.values.map(Double.init)
        values[node.name] = (0..<matrix.count / read[0].count).map { row in
          let products = zip(matrix[(row * read[0].count)...], read[0]).map { $0 * $1 }
          return products.reduce(bias?[row] ?? 0, +)
        }
      case .batchNorm(_, let epsilon):
        let gamma = try tensor(node.weightName)
        let beta = try tensor(node.biasName)
        let mean = try tensor(node.meanName)
        let variance = try tensor(node.varianceName)
        values[node.name] = read[0].indices.map {
          gamma[$0] * (read[0][$0] - mean[$0]) / (variance[$0] + Double(epsilon)).squareRoot()
            + beta[$0]
        }
      case .scaleShift:
        let (factor, summand) = (try tensor(node.weightName), try tensor(node.biasName))
        values[node.name] = read[0].indices.map { read[0][$0] * factor[$0] + summand[$0] }
      case .relu: values[node.name] = read[0].map { max($0, 0) }
      case .add: values[node.name] = zip(read[0], read[1]).map { $0 + $1 }
      default: Issue.record("the evaluator does not know \(node.operation)")
      }
    }
    return try #require(values[graph.output])
  }

  struct Case: Sendable {
    var name: String
    var nodes: [(String, Operation, [String])]
    var output: String
    /// The nodes that must be left.
    var left: [String]
  }

  static let cases = [
    Case(
      name: "a convolution", nodes: [("c", layer, ["input"]), ("b", norm, ["c"])], output: "b",
      left: ["c"]),
    Case(
      name: "a convolution with a bias",
      nodes: [("c", biased, ["input"]), ("b", norm, ["c"]), ("r", relu, ["b"])], output: "r",
      left: ["c", "r"]),
    Case(
      name: "a linear layer", nodes: [("l", linear, ["input"]), ("b", norm, ["l"])], output: "b",
      left: ["l"]),
    Case(
      name: "two readers of the batch norm",
      nodes: [
        ("c", layer, ["input"]), ("b", norm, ["c"]), ("r", relu, ["b"]), ("a", .add, ["b", "r"]),
      ], output: "a", left: ["c", "r", "a"]),
    Case(
      name: "one after another",
      nodes: [("c", layer, ["input"]), ("b1", norm, ["c"]), ("b2", norm, ["b1"])], output: "b2",
      left: ["c"]),
    Case(
      name: "a constant scale and shift",
      nodes: [("c", layer, ["input"]), ("s", scale, ["c"]), ("r", relu, ["s"])], output: "r",
      left: ["c", "r"]),
    Case(
      name: "batch norm, then scales",
      nodes: [
        ("l", linear, ["input"]), ("b", norm, ["l"]), ("s1", scale, ["b"]), ("s2", scale, ["s1"]),
      ], output: "s2", left: ["l"]),
    Case(
      name: "a scale that does not read the convolution alone",
      nodes: [("c", layer, ["input"]), ("s", scale, ["c"]), ("a", .add, ["s", "c"])], output: "a",
      left: ["c", "s", "a"]),
    Case(
      name: "scales on the image and after a rectification",
      nodes: [
        ("s1", scale, ["input"]), ("c", biased, ["s1"]), ("r", relu, ["c"]), ("s2", scale, ["r"]),
      ], output: "s2", left: ["s1", "c", "r", "s2"]),
    Case(
      name: "two readers of the convolution",
      nodes: [("c", layer, ["input"]), ("b", norm, ["c"]), ("a", .add, ["b", "c"])], output: "a",
      left: ["c", "b", "a"]),
    Case(
      name: "two batch norms on one convolution",
      nodes: [
        ("c", layer, ["input"]), ("b1", norm, ["c"]), ("b2", norm, ["c"]),
        ("a", .add, ["b1", "b2"]),
      ], output: "a", left: ["c", "b1", "b2", "a"]),
    Case(
      name: "the convolution is the output",
      nodes: [("c", layer, ["input"]), ("b", norm, ["c"])], output: "c", left: ["c", "b"]),
    Case(
      name: "after a sum",
      nodes: [("c", layer, ["input"]), ("a", .add, ["c", "input"]), ("b", norm, ["a"])],
      output: "b", left: ["c", "a", "b"]),
    Case(
      name: "after a rectification",
      nodes: [("c", layer, ["input"]), ("r", relu, ["c"]), ("b", norm, ["r"])],
      output: "b", left: ["c", "r", "b"]),
    Case(
      name: "on the image", nodes: [("b", norm, ["input"]), ("c", layer, ["b"])], output: "c",
      left: ["b", "c"]),
    // Folding b2 as well would hand its values to r.
    Case(
      name: "a folded batch norm with another reader",
      nodes: [
        ("c", layer, ["input"]), ("b1", norm, ["c"]), ("b2", norm, ["b1"]), ("r", relu, ["b1"]),
        ("a", .add, ["b2", "r"]),
      ], output: "a", left: ["c", "b2", "r", "a"]),
    Case(
      name: "a folded batch norm that is the output",
      nodes: [("c", layer, ["input"]), ("b1", norm, ["c"]), ("b2", norm, ["b1"])], output: "b1",
      left: ["c", "b2"]),
  ]

  @Test(arguments: cases.indices) func theFunctionStays(_ index: Int) throws {
    let example = Self.cases[index]
    let graph = graph(example.nodes, output: example.output)
    let weights = weights(graph)
    let (folded, foldedWeights) = try graph.foldingBatchNorm(weights)
    #expect(folded.nodes.map(\.name) == example.left, "\(example.name)")
    _ = try folded.shapes()
    try folded.validate(foldedWeights)
    var generator = SeededGenerator(seed: 2)
    for _ in 0..<5 {
      let x = (0..<Self.channels).map { _ in generator.nextUniform() * 4 - 2 }
      let before = try evaluate(graph, weights, x)
      let after = try evaluate(folded, foldedWeights, x)
      for (a, b) in zip(before, after) { #expect(abs(a - b) < 1e-5, "\(example.name)") }
    }
  }

  @Test func weightsThatStayAreUntouched() throws {
    let graph = graph(
      [("c", Self.layer, ["input"]), ("b", Self.norm, ["c"]), ("a", .add, ["b", "c"])],
      output: "a")
    let weights = weights(graph)
    let (folded, foldedWeights) = try graph.foldingBatchNorm(weights)
    #expect(folded == graph)
    #expect(foldedWeights == weights)
  }

  @Test func zerosStayZeros() throws {
    let graph = graph([("c", Self.layer, ["input"]), ("b", Self.norm, ["c"])], output: "b")
    var weights = weights(graph)
    for i in [0, 4, 7] { weights["c.weight"]?.values[i] = 0 }
    let folded = try graph.foldingBatchNorm(weights).1.tensor("c.weight").values
    #expect(folded.indices.filter { folded[$0] == 0 } == [0, 4, 7])
  }

  @Test func resNetKeepsNoBatchNorm() throws {
    let graph = try Architecture.resnet20.graph(
      input: ActivationShape(channels: 1, height: 28, width: 28), classes: 10)
    let (folded, weights) = try graph.foldingBatchNorm(graph.initialWeights(seed: 1))
    for node in folded.nodes {
      switch node.operation {
      case .batchNorm: Issue.record("'\(node.name)' is left")
      case .convolution(let convolution): #expect(convolution.bias)
      default: break
      }
    }
    #expect(folded.nodes.count == graph.nodes.count - 21)
    let before = try graph.shapes()
    for (name, shape) in try folded.shapes() { #expect(before[name] == shape) }
    try folded.validate(weights)
  }

  @Test func countersAreDropped() throws {
    let graph = graph([("c", Self.layer, ["input"]), ("b", Self.norm, ["c"])], output: "b")
    var weights = weights(graph)
    weights["b.num_batches_tracked"] = Tensor(shape: [], filledWith: 1)
    #expect(try Set(graph.foldingBatchNorm(weights).1.keys) == ["c.weight", "c.bias"])
  }

  @Test func graphsAndWeightsAreCheckedFirst() throws {
    let valid = graph([("c", Self.layer, ["input"]), ("b", Self.norm, ["c"])], output: "b")
    var weights = weights(valid)
    weights["b.running_mean"] = nil
    #expect(throws: GraphError.missingWeight("b.running_mean")) {
      try valid.foldingBatchNorm(weights)
    }
    let unread = graph([("b", Self.norm, [])], output: "b")
    #expect(throws: GraphError.inputCount(node: "b", expected: 1, found: 0)) {
      try unread.foldingBatchNorm(unread.initialWeights(seed: 1))
    }
    let narrow = graph(
      [("c", Self.layer, ["input"]), ("b", .batchNorm(channels: 2, epsilon: 1), ["c"])],
      output: "b")
    #expect(
      throws: GraphError.invalidNode(node: "b", reason: "it expects 2 channels and reads 3")
    ) { try narrow.foldingBatchNorm(narrow.initialWeights(seed: 1)) }
  }
}
