import ModelFormats
import NeuralGraph
import Randomness
import Testing
import Training

/// Forward and backward of every operator against PyTorch, and against finite differences.
@Suite struct BackwardTests {
  static let tolerance: Float = 1e-4

  @Test(arguments: EngineGolden.all, [PassMode.training, .evaluationGradient])
  func matchesPyTorch(golden: EngineGolden, mode: PassMode) throws {
    let folder = mode == .training ? "training" : "evaluation"
    let network = try Network(graph: golden.graph, weights: golden.weights, threads: 1)
    let scores = try network.forward(golden.images.values, count: golden.labels.count, mode: mode)
    let expectedScores = try golden.expected("\(folder)/scores")
    #expect(relativeError(scores, expectedScores) < Self.tolerance)

    let loss = try Loss.crossEntropy(
      scores, labels: golden.labels, classes: network.classCount)
    let expectedLoss = try golden.expected("\(folder)/loss")
    #expect(relativeError([Float(loss.value)], expectedLoss) < Self.tolerance)

    try network.backward(loss.gradient)
    let gradients = try golden.expectedTensors("\(folder)/gradient")
    #expect(!gradients.isEmpty)
    for (name, expected) in gradients {
      let found = try #require(network.parameters[name]).gradient
      // A bias before batch norm has no effect: its true gradient is rounding noise.
      let error = relativeError(found, expected.values)
      #expect(error < Self.tolerance, "\(name)")
    }
    if mode == .training {
      for (name, expected) in try golden.expectedTensors("training/statistic") {
        let found = try #require(network.parameters[name]).values
        #expect(relativeError(found, expected.values) < Self.tolerance, "\(name)")
      }
    } else {
      for (name, before) in golden.weights where name.contains("running") {
        let after = try #require(network.parameters[name])
        #expect(Array(after.values) == before.values, "\(name)")
      }
    }
  }

  /// dL/dw · d against (L(w + εd) − L(w − εd)) / 2ε along random directions.
  @Test(arguments: EngineGolden.all)
  func matchesFiniteDifferences(golden: EngineGolden) throws {
    let network = try Network(graph: golden.graph, weights: golden.weights, threads: 2)
    let count = golden.labels.count
    func loss() throws -> Loss {
      let scores = try network.forward(
        golden.images.values, count: count, mode: .evaluationGradient)
      return try Loss.crossEntropy(scores, labels: golden.labels, classes: network.classCount)
    }
    try network.backward(try loss().gradient)
    for name in golden.weights.keys.sorted() where !name.contains("running") {
      let parameter = try #require(network.parameters[name])
      let start = Array(parameter.values)
      // Along the gradient itself the slope is as large as it can be, so rounding matters least.
      let length = parameter.gradient.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
      guard length > 1e-4 else { continue }
      let direction = parameter.gradient.map { $0 / length }
      func moved(by step: Float) throws -> Double {
        for i in start.indices { parameter.values[i] = start[i] + step * direction[i] }
        parameter.markChanged()
        return try loss().value
      }
      // ReLU's kinks make large steps wrong, float rounding small ones; half a percent of the
      // weight's own size lies between.
      let size = max(start.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot(), 0.1)
      let step = 5e-3 * size
      let slope = Float((try moved(by: step) - moved(by: -step)) / Double(2 * step))
      _ = try moved(by: 0)
      #expect(abs(slope - length) < 0.05 * length + 2e-4, "\(name): \(slope) against \(length)")
    }
  }

  /// Without gradients the engine fuses activations into convolutions; the scores must not change.
  @Test(arguments: EngineGolden.all)
  func inferenceEqualsEvaluation(golden: EngineGolden) throws {
    let network = try Network(graph: golden.graph, weights: golden.weights, threads: 1)
    let expected = try golden.expected("evaluation/scores")
    // Twice: values take turns in the buffers, so that the second pass finds them used.
    for _ in 0..<2 {
      let scores = try network.forward(
        golden.images.values, count: golden.labels.count, mode: .inference)
      #expect(relativeError(scores, expected) < Self.tolerance)
      #expect(throws: TrainingError.self) { try network.backward(scores) }
    }
  }

  /// Re-estimating statistics computes what training does.
  @Test(arguments: EngineGolden.all)
  func estimationEqualsTraining(golden: EngineGolden) throws {
    let network = try Network(graph: golden.graph, weights: golden.weights, threads: 1)
    let expected = try golden.expected("training/scores")
    for _ in 0..<2 {
      let scores = try network.forward(
        golden.images.values, count: golden.labels.count, mode: .estimation)
      #expect(relativeError(scores, expected) < Self.tolerance)
    }
  }

  @Test(arguments: EngineGolden.all)
  func constantsHaveNoGradient(golden: EngineGolden) throws {
    let network = try Network(graph: golden.graph, weights: golden.weights, threads: 1)
    let scores = try network.forward(
      golden.images.values, count: golden.labels.count, mode: .training)
    try network.backward(scores)
    for parameter in golden.graph.parameters() where parameter.role == .constant {
      let buffer = try #require(network.parameters[parameter.name])
      #expect(buffer.gradient.allSatisfy { $0 == 0 }, "\(parameter.name)")
      #expect(Array(buffer.values) == golden.weights[parameter.name]?.values)
    }
  }

  /// Folding batch norm keeps the function.
  @Test(arguments: EngineGolden.all)
  func foldedGraphGivesTheSameScores(golden: EngineGolden) throws {
    let (graph, weights) = try golden.graph.foldingBatchNorm(golden.weights)
    var readers = [graph.output: 1]
    for node in graph.nodes { for input in node.inputs { readers[input, default: 0] += 1 } }
    for node in graph.nodes where readers[node.inputs[0]] == 1 {
      guard case .batchNorm = node.operation else { continue }
      let source = try #require(graph.node(named: node.inputs[0]))
      #expect(WeightMatrix(source.operation) == nil, "'\(node.name)' is left")
    }
    let network = try Network(graph: graph, weights: weights, threads: 1)
    let scores = try network.forward(
      golden.images.values, count: golden.labels.count, mode: .inference)
    let expected = try golden.expected("evaluation/scores")
    #expect(relativeError(scores, expected) < Self.tolerance)
  }
}
