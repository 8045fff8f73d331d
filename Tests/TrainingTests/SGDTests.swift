import NeuralGraph
import Testing
import Training

@Suite struct SGDTests {
  /// One linear layer of one weight and one bias.
  private func network() throws -> Network {
    var builder = GraphBuilder(input: ActivationShape(channels: 1, height: 1, width: 1))
    let output = builder.linear("fc", builder.image, features: 1, out: 1)
    let graph = try builder.graph(output: output)
    return try Network(
      graph: graph,
      weights: [
        "fc.weight": Tensor(shape: [1, 1], values: [2]), "fc.bias": Tensor(shape: [1], values: [1]),
      ], threads: 1)
  }

  @Test func followsTheFormula() throws {
    let network = try network()
    let optimizer = try SGD(network, momentum: 0.9, weightDecay: 0.1)
    let weight = try #require(network.parameters["fc.weight"])
    let bias = try #require(network.parameters["fc.bias"])
    weight.gradient[0] = 3
    bias.gradient[0] = -1
    optimizer.step(learningRate: 0.5)
    // v = 3 + 0.1·2 = 3.2, w = 2 − 1.6; the bias is not decayed.
    #expect(abs(weight.values[0] - 0.4) < 1e-6)
    #expect(abs(bias.values[0] - 1.5) < 1e-6)
    optimizer.step(learningRate: 0.5)
    // v = 0.9·3.2 + 3 + 0.1·0.4 = 5.92
    #expect(abs(weight.values[0] - (0.4 - 2.96)) < 1e-5)
  }

  /// Halves what the network sees, forbids movement when told to.
  private final class Halving: WeightProjection {
    let movable: UnsafeMutableBufferPointer<Bool>
    init(movable: Bool) {
      self.movable = .allocate(capacity: 1)
      self.movable[0] = movable
    }
    deinit { movable.deallocate() }
    func covers(_ name: String) -> Bool { name == "fc.weight" }
    func project(
      _ name: String, master: UnsafeMutableBufferPointer<Float>,
      into values: UnsafeMutableBufferPointer<Float>
    ) { for i in master.indices { values[i] = master[i] / 2 } }
    func adjust(
      _ name: String, master: UnsafeMutableBufferPointer<Float>,
      gradient: UnsafeMutableBufferPointer<Float>
    ) { for i in gradient.indices { gradient[i] += 1 } }
    func mayMove(_ name: String) -> UnsafeBufferPointer<Bool>? { UnsafeBufferPointer(movable) }
  }

  @Test(arguments: [true, false]) func projectionStandsBetween(movable: Bool) throws {
    let network = try network()
    let projection = Halving(movable: movable)
    let optimizer = try SGD(network, momentum: 0, weightDecay: 0, projection: projection)
    let weight = try #require(network.parameters["fc.weight"])
    #expect(weight.values[0] == 1)
    weight.gradient[0] = 1
    optimizer.step(learningRate: 0.25)
    let master = try #require(optimizer.learningWeights("fc.weight"))[0]
    #expect(master == (movable ? 1.5 : 2))
    #expect(weight.values[0] == master / 2)
  }

  @Test func learningWeightsCanBeStored() throws {
    let network = try network()
    let optimizer = try SGD(network, momentum: 0, projection: Halving(movable: true))
    let weight = try #require(network.parameters["fc.weight"])
    #expect(try network.forward([1], count: 1, mode: .inference) == [2])
    optimizer.storeLearningWeights()
    #expect(weight.values[0] == 2)
    #expect(try #require(optimizer.learningWeights("fc.weight"))[0] == 2)
    // The engine's copies follow, and nothing is projected any more.
    #expect(try network.forward([1], count: 1, mode: .inference) == [3])
    optimizer.project()
    #expect(weight.values[0] == 2)
  }

  @Test func gradientsComeWithTheFirstOptimiserOrBackwardPass() throws {
    let network = try network()
    let weight = try #require(network.parameters["fc.weight"])
    let bias = try #require(network.parameters["fc.bias"])
    #expect(weight.gradient.isEmpty)
    _ = try network.forward([5], count: 1, mode: .inference)
    #expect(weight.gradient.isEmpty)
    let optimizer = try SGD(network, weightDecay: 0)
    #expect(Array(weight.gradient) == [0] && Array(bias.gradient) == [0])
    // A step before any backward pass moves nothing.
    optimizer.step(learningRate: 1)
    #expect(weight.values[0] == 2 && bias.values[0] == 1)

    let other = try self.network()
    _ = try other.forward([5], count: 1, mode: .training)
    try other.backward([1])
    #expect(Array(try #require(other.parameters["fc.weight"]).gradient) == [5])
  }

  @Test func scheduleRisesThenFalls() {
    let schedule = LearningRateSchedule(peak: 1, warmUpSteps: 4, totalSteps: 24)
    #expect((0..<4).map { schedule.rate(at: $0) } == [0.25, 0.5, 0.75, 1])
    #expect(schedule.rate(at: 4) == 1)
    #expect(abs(schedule.rate(at: 14) - 0.5) < 1e-6)
    #expect(schedule.rate(at: 24) < 1e-6)
    for step in 4..<24 { #expect(schedule.rate(at: step + 1) < schedule.rate(at: step)) }
  }
}
