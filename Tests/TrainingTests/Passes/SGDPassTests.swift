import CTraining
import Randomness
import Testing

/// The optimiser's step against its formula.
@Suite struct SGDPassTests {
  private struct State: Equatable {
    var weights: [Float]
    var velocity: [Float]
  }

  private let momentum: Float = 0.9
  private let decay: Float = 0.01
  private let rate: Float = 0.1

  private func step(
    _ state: State, _ gradient: [Float], _ movable: [UInt8]?, threads: Int32
  ) -> State {
    var next = state
    if let movable {
      crisp_sgd_step(
        &next.weights, &next.velocity, gradient, movable, gradient.count, momentum, decay, rate,
        threads)
    } else {
      crisp_sgd_step(
        &next.weights, &next.velocity, gradient, nil, gradient.count, momentum, decay, rate,
        threads)
    }
    return next
  }

  @Test(arguments: InstructionSet.available, [false, true])
  func followsTheFormula(set: InstructionSet, isMasked: Bool) {
    for count in [0, 1, 7, 16, 33, 30_001] {
      var generator = SeededGenerator(seed: UInt64(count))
      func numbers() -> [Float] { (0..<count).map { _ in Float(generator.nextUniform() * 4 - 2) } }
      let start = State(weights: numbers(), velocity: numbers())
      let gradient = numbers()
      let movable = isMasked ? (0..<count).map { _ in UInt8(generator.nextIndex(below: 2)) } : nil
      let found = set.use { step(start, gradient, movable, threads: 1) }
      var wrong = 0
      for i in 0..<count {
        if movable?[i] == 0 {
          // Not even a bit.
          if found.weights[i] != start.weights[i] || found.velocity[i] != start.velocity[i] {
            wrong += 1
          }
          continue
        }
        let w = Double(start.weights[i])
        let v =
          Double(momentum) * Double(start.velocity[i]) + Double(gradient[i]) + Double(decay) * w
        if abs(Double(found.velocity[i]) - v) > 1e-6
          || abs(Double(found.weights[i]) - (w - Double(rate) * v)) > 1e-6
        {
          wrong += 1
        }
      }
      #expect(wrong == 0, "\(count) weights")
      for threads in Int32(2)...3 {
        #expect(set.use { step(start, gradient, movable, threads: threads) } == found)
      }
    }
  }

  /// Weights that may not move stay even where their gradient is not a number.
  @Test(arguments: InstructionSet.available) func heldWeightsIgnoreTheirGradient(
    set: InstructionSet
  ) {
    let count = 37
    let start = State(
      weights: (0..<count).map(Float.init), velocity: [Float](repeating: 0, count: count))
    let held = [UInt8](repeating: 0, count: count)
    let found = set.use {
      step(start, [Float](repeating: .nan, count: count), held, threads: 1)
    }
    #expect(found == start)
  }
}
