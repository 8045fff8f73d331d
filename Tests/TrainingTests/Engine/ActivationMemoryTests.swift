import NeuralGraph
import Testing
import Training

/// The account that is made of shapes against the one of what the engine allocates.
@Suite struct ActivationMemoryTests {
  @Test(arguments: [
    ("resnet20", 28, 32), ("resnet18", 32, 16), ("resnet50", 64, 4), ("mobilenet_v2", 64, 4),
    ("vgg16_bn", 32, 8),
  ])
  func passesTakeWhatTheirShapesSay(_ name: String, _ side: Int, _ count: Int) throws {
    let graph = try Architecture(named: name).graph(
      input: ActivationShape(channels: 3, height: side, width: side), classes: 10)
    let weights = graph.initialWeights(seed: 1)
    var expected = try ActivationMemory(graph: graph)
    let account = MemoryAccount()
    try MemoryAccount.$current.withValue(account) {
      let network = try Network(graph: graph, weights: weights, threads: 1)
      let images = [Float](repeating: 0.5, count: count * graph.input.count)
      for mode in [PassMode.inference, .evaluationGradient, .training, .estimation] {
        let scores = try network.forward(images, count: count, mode: mode)
        if mode == .training || mode == .evaluationGradient {
          try network.backward([Float](repeating: 0.1, count: scores.count))
        }
        expected.add(count: count, mode: mode)
        // Values and gradients, and copies in both passes' layouts.
        let own = graph.parameters().reduce(0.0) { sum, parameter in
          sum + 4 * parameter.shape.reduce(1) { $0 * Double($1) }
        }
        let least = Double(account.bytes) - 4 * own
        let most = Double(account.bytes) - own
        let share = expected.poolBytes
        #expect(
          share > least / 1.1 && share < 1.5 * most,
          "\(name) \(mode): \(account.bytes) bytes, of which \(own) per copy of the weights; \(share)"
        )
      }
      #expect(account.peak == account.bytes)
    }
    #expect(account.bytes == 0, "all is freed with the network")
  }

  @Test func nothingIsAllocatedBeyondTheLimit() throws {
    let graph = try Architecture(named: "resnet20").graph(
      input: ActivationShape(channels: 1, height: 28, width: 28), classes: 10)
    let account = MemoryAccount(limit: 20_000_000)
    try MemoryAccount.$current.withValue(account) {
      let network = try Network(
        graph: graph, weights: graph.initialWeights(seed: 1), threads: 1)
      let images = [Float](repeating: 0, count: 512 * graph.input.count)
      let error = #expect(throws: TrainingError.self) {
        try network.forward(images, count: 512, mode: .training)
      }
      #expect(error?.code == "memory_limit")
      #expect(account.peak <= 20_000_000)
    }
    #expect(account.bytes == 0)
  }

  /// Wherever memory runs out, in the forward or the backward half of a program, everything that was
  /// allocated until then is given back.
  @Test(arguments: [PassMode.training, .evaluationGradient])
  func aProgramThatDoesNotFitLeavesNothing(mode: PassMode) throws {
    let graph = try Architecture(named: "resnet20").graph(
      input: ActivationShape(channels: 1, height: 28, width: 28), classes: 10)
    let weights = graph.initialWeights(seed: 1)
    let images = [Float](repeating: 0, count: 32 * graph.input.count)
    func attempt(_ account: MemoryAccount) throws {
      try MemoryAccount.$current.withValue(account) {
        let network = try Network(graph: graph, weights: weights, threads: 1)
        _ = try network.forward(images, count: 32, mode: mode)
      }
    }
    let whole = MemoryAccount()
    try attempt(whole)
    for share in stride(from: 0.1, to: 1, by: 0.1) {
      let account = MemoryAccount(limit: Int(Double(whole.peak) * share))
      let error = #expect(throws: TrainingError.self) { try attempt(account) }
      #expect(error?.code == "memory_limit")
      #expect(account.bytes == 0, "limit \(account.limit)")
    }
  }
}
