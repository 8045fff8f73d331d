import NeuralGraph
import Testing
import Training

/// Without a backward pass values take turns in the buffers; what one leaves behind must not show
/// in another.
@Suite struct ReusedBufferTests {
  private func scores(_ nodes: [(String, Operation, [String])], mode: PassMode, passes: Int) throws
    -> [Float]
  {
    let graph = Graph(
      input: ActivationShape(channels: 2, height: 4, width: 3),
      nodes: nodes.map { Node(name: $0.0, operation: $0.1, inputs: $0.2) },
      output: try #require(nodes.last).0)
    let network = try Network(graph: graph, weights: graph.initialWeights(seed: 1), threads: 1)
    let images = (0..<3 * graph.input.count).map { Float($0 * 7 % 11) / 5 - 1 }
    var scores: [Float] = []
    for _ in 0..<passes { scores = try network.forward(images, count: 3, mode: mode) }
    return scores
  }

  private func check(_ nodes: [(String, Operation, [String])]) throws {
    let expected = try scores(nodes, mode: .evaluationGradient, passes: 1)
    for passes in 1...3 {
      let found = try scores(nodes, mode: .inference, passes: passes)
      #expect(relativeError(found, expected) < 1e-6, "pass \(passes)")
    }
  }

  @Test func paddingIsZeroInEveryPass() throws {
    // The sigmoid's values lie where the padded image lay.
    try check([
      ("pad", .pad(Padding(1)), ["input"]), ("relu", .relu(limit: nil), ["pad"]),
      ("sigmoid", .sigmoid, ["relu"]),
      ("fc", .linear(inFeatures: 60, outFeatures: 3, bias: true), ["sigmoid"]),
    ])
  }

  @Test func hardSigmoidsWorkInPlace() throws {
    try check([
      ("clip", .clip(lower: -0.7, upper: 0.9), ["input"]),
      ("gate", .hardSigmoid(slope: 0.4, offset: 0.3), ["clip"]),
      ("product", .multiply, ["clip", "gate"]), ("again", .multiply, ["product", "product"]),
      ("joined", .concatenate(inputs: 3), ["again", "gate", "input"]),
      ("fc", .linear(inFeatures: 72, outFeatures: 3, bias: true), ["joined"]),
    ])
  }
}
