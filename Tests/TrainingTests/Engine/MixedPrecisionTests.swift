import NeuralGraph
import Testing
import Training

/// Training in bfloat16 against training in 32-bit floats.
@Suite(.enabled(if: Precision.bf16.isSupported, "no bfloat16 on this processor, or its limit"))
struct MixedPrecisionTests {
  /// A pass and, where there is one, its backward pass.
  private struct Step {
    var scores: [Float]
    var gradients: [String: [Float]] = [:]

    init(_ golden: EngineGolden, precision: Precision, mode: PassMode) throws {
      let network = try Network(
        graph: golden.graph, weights: golden.weights, threads: 1, precision: precision)
      scores = try network.forward(
        golden.images.values, count: golden.labels.count, mode: mode)
      guard mode == .training || mode == .evaluationGradient else { return }
      let loss = try Loss.crossEntropy(scores, labels: golden.labels, classes: network.classCount)
      try network.backward(loss.gradient)
      for (name, parameter) in network.parameters where parameter.parameter.role.isLearned {
        gradients[name] = Array(parameter.gradient)
      }
    }
  }

  private func norm(_ values: [Float]) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  /// A stored value is off by up to 2^-9 of itself, at random, which batch norm over few images
  /// amplifies. At worst 0.8 % of the scores and 4.7 % of a gradient were measured.
  @Test(arguments: EngineGolden.all) func oneStepIsNearTheExactOne(golden: EngineGolden) throws {
    let exact = try Step(golden, precision: .f32, mode: .training)
    let found = try Step(golden, precision: .bf16, mode: .training)
    #expect(found.scores != exact.scores, "bfloat16 was not used")
    let scoreError = norm(zip(found.scores, exact.scores).map { $0 - $1 }) / norm(exact.scores)
    #expect(scoreError < 0.02, "scores")
    var (difference, size) = (0.0, 0.0)
    for (name, gradient) in exact.gradients {
      let other = try #require(found.gradients[name])
      #expect(other.count == gradient.count && other.allSatisfy(\.isFinite), "\(name)")
      difference += zip(other, gradient).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
      size += gradient.reduce(0) { $0 + Double($1 * $1) }
    }
    let error = (difference / size).squareRoot()
    #expect(error < 0.08, "gradient")
  }

  /// Saliency, statistics and evaluation do not depend on how a model was trained.
  @Test(arguments: EngineGolden.all, [PassMode.inference, .evaluationGradient, .estimation])
  func otherPassesStayExact(golden: EngineGolden, mode: PassMode) throws {
    let exact = try Step(golden, precision: .f32, mode: mode)
    let found = try Step(golden, precision: .bf16, mode: mode)
    #expect(found.scores == exact.scores)
    #expect(found.gradients == exact.gradients)
  }

  /// A teacher's opinions: at worst 0.7 % of the scores were measured.
  @Test(arguments: EngineGolden.all) func answersAreNearTheExactOnes(golden: EngineGolden) throws {
    func scores(_ precision: Precision) throws -> [Float] {
      let network = try Network(
        graph: golden.graph, weights: golden.weights, threads: 1, answerPrecision: precision)
      return try network.forward(
        golden.images.values, count: golden.labels.count, mode: .inference)
    }
    let (exact, found) = (try scores(.f32), try scores(.bf16))
    #expect(found != exact, "bfloat16 was not used")
    #expect(norm(zip(found, exact).map { $0 - $1 }) / norm(exact) < 0.02)
  }

  @Test func learnsAsWell() throws {
    let problem = try StripesProblem()
    func losses(_ precision: Precision) throws -> [Double] {
      let network = try Network(
        graph: problem.graph, weights: problem.weights, threads: 2, precision: precision)
      return try problem.train(network, steps: 30)
    }
    let (exact, found) = (try losses(.f32), try losses(.bf16))
    func end(_ losses: [Double]) -> Double { losses.suffix(5).reduce(0, +) / 5 }
    #expect(end(exact) < exact[0] / 3)
    // From 1.34 both come down to 0.0162.
    #expect(abs(end(found) - end(exact)) < 0.01)
  }
}

@Suite(.disabled(if: Precision.bf16.isSupported, "this processor multiplies in bfloat16"))
struct UnsupportedPrecisionTests {
  @Test func isAnError() throws {
    let problem = try StripesProblem()
    let error = #expect(throws: TrainingError.self) {
      try Network(graph: problem.graph, weights: problem.weights, threads: 1, precision: .bf16)
    }
    #expect(error == .unsupportedPrecision(.bf16))
  }
}
