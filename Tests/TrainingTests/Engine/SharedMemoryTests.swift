import NeuralGraph
import Testing
import Training

/// All programs of a network share memory: whatever ran before must not show.
@Suite struct SharedMemoryTests {
  private static let modes: [PassMode] = [.training, .inference, .evaluationGradient, .estimation]

  /// Scores and gradients of one pass.
  private func pass(_ network: Network, _ golden: EngineGolden, count: Int, mode: PassMode) throws
    -> (scores: [Float], gradients: [String: [Float]])
  {
    let images = golden.images.values.prefix(count * golden.graph.input.count)
    let scores = try network.forward(Array(images), count: count, mode: mode)
    guard mode == .training || mode == .evaluationGradient else { return (scores, [:]) }
    try network.backward(scores.indices.map { Float($0 * 7 % 5) - 2 })
    return (
      scores,
      network.parameters.filter { $0.value.parameter.role.isLearned }
        .mapValues { Array($0.gradient) }
    )
  }

  @Test(arguments: EngineGolden.all) func interleavedProgramsEqualFreshOnes(golden: EngineGolden)
    throws
  {
    let network = try Network(graph: golden.graph, weights: golden.weights, threads: 1)
    let all = golden.labels.count
    // Twice: the second time every program exists and finds the memory used.
    for _ in 0..<2 {
      for count in [all, 1, max(1, all - 1)] {
        for mode in Self.modes {
          let fresh = try Network(graph: golden.graph, weights: network.weights(), threads: 1)
          let found = try pass(network, golden, count: count, mode: mode)
          let expected = try pass(fresh, golden, count: count, mode: mode)
          // Bits are compared: NaNs (one value has no unbiased variance) shall be equal too.
          #expect(
            found.scores.map(\.bitPattern) == expected.scores.map(\.bitPattern),
            "\(count) images, \(mode)")
          #expect(
            found.gradients.mapValues { $0.map(\.bitPattern) }
              == expected.gradients.mapValues { $0.map(\.bitPattern) },
            "\(count) images, \(mode)")
        }
      }
    }
  }

  @Test func otherPassesEndABackwardPass() throws {
    let golden = try #require(EngineGolden.all.first)
    let network = try Network(graph: golden.graph, weights: golden.weights, threads: 1)
    let count = golden.labels.count
    let expected = try pass(network, golden, count: count, mode: .evaluationGradient)
    let gradient = [Float](repeating: 1, count: expected.scores.count)
    for mode in [PassMode.inference, .estimation] {
      _ = try network.forward(golden.images.values, count: count, mode: .evaluationGradient)
      _ = try network.forward(golden.images.values, count: count, mode: mode)
      #expect(throws: TrainingError.self) { try network.backward(gradient) }
    }
  }

  /// Gradients overwrite the activations that they are computed from, so a second backward pass would
  /// be wrong.
  @Test func everyBackwardPassNeedsAForwardPass() throws {
    let golden = try #require(EngineGolden.all.first)
    let network = try Network(graph: golden.graph, weights: golden.weights, threads: 1)
    #expect(throws: TrainingError.self) { try network.backward([]) }
    let scores = try pass(
      network, golden, count: golden.labels.count, mode: .evaluationGradient
    ).scores
    #expect(throws: TrainingError.self) { try network.backward(scores) }
  }

  /// Calls that are refused touch nothing.
  @Test func refusedCallsLeaveThePassAlone() throws {
    let golden = try #require(EngineGolden.all.first)
    let network = try Network(graph: golden.graph, weights: golden.weights, threads: 1)
    let count = golden.labels.count
    let expected = try pass(network, golden, count: count, mode: .evaluationGradient)
    _ = try network.forward(golden.images.values, count: count, mode: .evaluationGradient)
    #expect(throws: TrainingError.self) { try network.forward([1], count: 1, mode: .training) }
    #expect(throws: TrainingError.self) { try network.backward([1]) }
    try network.backward(expected.scores.indices.map { Float($0 * 7 % 5) - 2 })
    for (name, gradient) in expected.gradients {
      #expect(Array(try #require(network.parameters[name]).gradient) == gradient, "\(name)")
    }
  }

  /// An operand that has to be reordered for a fused addition lies in memory of its own until the
  /// step that reads it. Sizes are such that the step's scratch memory would fit in its place.
  @Test(arguments: modes) func reorderedOperandsOutliveScratch(mode: PassMode) throws {
    func scores(fused: Bool) throws -> [Float] {
      var nodes = [
        Node(
          name: "conv",
          operation: .convolution(
            Convolution(inChannels: 16, outChannels: 16, window: Window(kernel: 1), bias: false)),
          inputs: ["input"]),
        Node(name: "bn", operation: .batchNorm(channels: 16, epsilon: 1e-5), inputs: ["conv"]),
      ]
      if !fused {
        nodes.append(
          Node(name: "between", operation: .clip(lower: -1e30, upper: 1e30), inputs: ["bn"]))
      }
      nodes += [
        Node(name: "sum", operation: .add, inputs: [fused ? "bn" : "between", "input"]),
        Node(name: "relu", operation: .relu(limit: nil), inputs: ["sum"]),
        Node(
          name: "fc", operation: .linear(inFeatures: 64, outFeatures: 3, bias: true),
          inputs: ["relu"]),
      ]
      let graph = Graph(
        input: ActivationShape(channels: 16, height: 2, width: 2), nodes: nodes, output: "fc")
      let network = try Network(graph: graph, weights: graph.initialWeights(seed: 1), threads: 1)
      let images: [Float] = (0..<256).map { (i: Int) -> Float in Float(i * 7 % 11) / 5 - 1 }
      return try network.forward(images, count: 4, mode: mode)
    }
    #expect(try relativeError(scores(fused: true), scores(fused: false)) < 1e-6)
  }
}
