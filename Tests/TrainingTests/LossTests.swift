import Foundation
import Randomness
import Testing
import Training

@Suite struct LossTests {
  @Test func crossEntropyOfKnownScores() throws {
    // Two classes with equal scores: ln 2; gradient ±1/2 over the batch of one.
    let loss = try Loss.crossEntropy([3, 3], labels: [1], classes: 2)
    #expect(abs(loss.value - log(2)) < 1e-6)
    #expect(loss.gradient == [0.5, -0.5])
  }

  @Test func hugeScoresStayFinite() throws {
    let loss = try Loss.crossEntropy([1e30, -1e30, 0], labels: [1], classes: 3)
    #expect(loss.value.isFinite)
    let finite = loss.gradient.filter(\.isFinite)
    #expect(finite.count == 3)
  }

  @Test func labelsAndSizesAreChecked() {
    #expect(throws: TrainingError.self) {
      try Loss.crossEntropy([1, 2], labels: [2], classes: 2)
    }
    #expect(throws: TrainingError.self) {
      try Loss.crossEntropy([1, 2, 3], labels: [0], classes: 2)
    }
  }

  /// Further scores change nothing and get no gradient.
  @Test func widenedLossesIgnoreFurtherScores() throws {
    let scores: [Float] = [0.3, -2, 9, 1.7, 4, 9]
    #expect(firstScores(scores, of: 3, count: 2) == [0.3, -2, 1.7, 4])
    #expect(firstScores(scores, of: 3, count: 3) == scores)
    let loss = try Loss.crossEntropy([0.3, -2, 1.7, 4], labels: [0, 1], classes: 2)
    let wide = loss.widened(from: 2, to: 3)
    #expect(wide.value == loss.value)
    let g = loss.gradient
    #expect(wide.gradient == [g[0], g[1], 0, g[2], g[3], 0])
    #expect(loss.widened(from: 2, to: 2).gradient == g)
  }

  @Test func distillationFromItselfIsZero() throws {
    let scores: [Float] = [0.3, -2, 1.7, 4, 0, 1]
    let loss = try Loss.distillation(scores, teacher: scores, classes: 3, temperature: 4)
    #expect(abs(loss.value) < 1e-6)
    #expect(loss.gradient.allSatisfy { abs($0) < 1e-6 })
  }

  @Test(arguments: [Float(1), 2, 4]) func distillationGradientIsItsSlope(temperature: Float) throws
  {
    var generator = SeededGenerator(seed: 5)
    let scores = (0..<8).map { _ in Float(generator.nextGaussian()) }
    let teacher = (0..<8).map { _ in Float(generator.nextGaussian()) }
    func value(_ scores: [Float]) throws -> Loss {
      try Loss.distillation(scores, teacher: teacher, classes: 4, temperature: temperature)
    }
    let gradient = try value(scores).gradient
    for i in scores.indices {
      var up = scores
      var down = scores
      up[i] += 1e-2
      down[i] -= 1e-2
      let slope = Float((try value(up).value - value(down).value) / 2e-2)
      #expect(abs(slope - gradient[i]) < 2e-3)
    }
  }
}
