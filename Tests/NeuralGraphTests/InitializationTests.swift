import NeuralGraph
import Testing

@Suite struct InitializationTests {
  private let graph = TestGraphs.everyOperation

  @Test func theSeedDecides() {
    #expect(graph.initialWeights(seed: 5) == graph.initialWeights(seed: 5))
    let first = graph.initialWeights(seed: 5)
    let second = graph.initialWeights(seed: 6)
    for name in ["conv.weight", "depthwise.weight", "hidden.weight", "hidden.bias", "fc.weight"] {
      #expect(first[name] != second[name], "\(name)")
    }
  }

  /// Each tensor has a stream of its own, so a changed graph keeps the tensors it shares.
  @Test func otherNodesDoNotMatter() throws {
    var smaller = graph
    smaller.nodes.removeAll { $0.name == "depthwise" || $0.name == "sum" }
    smaller.nodes[4].inputs = ["relu"]
    _ = try smaller.shapes()
    let all = graph.initialWeights(seed: 5)
    for (name, tensor) in smaller.initialWeights(seed: 5) {
      #expect(all[name] == tensor, "\(name)")
    }
  }

  @Test func fillsExactlyTheParameters() throws {
    try graph.validate(graph.initialWeights(seed: 1), ignoringSuffix: "nothing")
  }

  @Test func batchNormStartsAtIdentity() throws {
    let weights = graph.initialWeights(seed: 1)
    for (name, value) in [
      ("bn.weight", 1), ("bn.bias", 0), ("bn.running_mean", 0), ("bn.running_var", 1),
    ] as [(String, Float)] {
      #expect(try weights.tensor(name).values == [Float](repeating: value, count: 6))
    }
    // A convolution's bias, too, starts at nothing.
    #expect(try weights.tensor("conv.bias").values == [Float](repeating: 0, count: 6))
  }

  @Test func constantsStartAtIdentity() throws {
    let weights = TestGraphs.importedOperations.initialWeights(seed: 1)
    #expect(try weights.tensor("scale.weight").values == [Float](repeating: 1, count: 5))
    #expect(try weights.tensor("scale.bias").values == [Float](repeating: 0, count: 5))
  }

  @Test func constantsAreNotLearned() {
    let roles = TestGraphs.importedOperations.parameters().filter { !$0.role.isLearned }
    #expect(roles.map(\.name) == ["scale.weight", "scale.bias"])
    #expect(roles.allSatisfy { $0.role == .constant })
  }

  /// Standard deviation √(2 / fan-out), with a group's share of the output channels.
  @Test(arguments: [1, 4]) func convolutionsAreHeNormal(_ groups: Int) throws {
    let convolution = Convolution(
      inChannels: 64, outChannels: 128, window: Window(kernel: 3, padding: 1), groups: groups,
      bias: false)
    let graph = Graph(
      input: ActivationShape(channels: 64, height: 4, width: 4),
      nodes: [Node(name: "c", operation: .convolution(convolution), inputs: ["input"])],
      output: "c")
    let values = try graph.initialWeights(seed: 3).tensor("c.weight").values.map(Double.init)
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    let expected = 2 / (128.0 / Double(groups) * 9)
    // Four standard errors of a normal sample's mean and variance.
    #expect(abs(mean) < 4 * (expected / Double(values.count)).squareRoot())
    #expect(abs(variance / expected - 1) < 4 * (2 / Double(values.count)).squareRoot())
  }

  @Test func linearLayersAreUniform() throws {
    let graph = Graph(
      input: ActivationShape(channels: 100, height: 1, width: 1),
      nodes: [
        Node(
          name: "l", operation: .linear(inFeatures: 100, outFeatures: 200, bias: true),
          inputs: ["input"])
      ], output: "l")
    let weights = graph.initialWeights(seed: 3)
    let bound: Float = 0.1
    for name in ["l.weight", "l.bias"] {
      let values = try weights.tensor(name).values
      #expect(values.allSatisfy { abs($0) <= bound })
      #expect((values.max() ?? 0) > bound * 0.95 && (values.min() ?? 0) < -bound * 0.95)
    }
    let values = try weights.tensor("l.weight").values.map(Double.init)
    let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
    // A uniform variable on ±b has variance b²/3 and kurtosis 9/5.
    #expect(abs(variance / (0.01 / 3) - 1) < 4 * (0.8 / Double(values.count)).squareRoot())
  }
}
