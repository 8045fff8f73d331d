import Datasets
import Foundation
import NeuralGraph
import Testing
import Training

/// Scores and every weight gradient of every architecture, in both forms and both ways to treat
/// batch norm, against PyTorch and torchvision in double precision.
///
/// Set `CRISP_PARITY_TABLE=1` to print the errors, PyTorch's own in single precision beside them.
@Suite(.serialized) struct ArchitectureParityTests {
  /// On every processor, with and without Winograd's rounding: the goldens are made so that no
  /// rectifier and no pool chooses between values within rounding.
  static let tolerance = 1e-3

  /// Same names, same shapes: what `load_state_dict` asks for.
  @Test(arguments: ArchitectureGolden.all)
  func parametersAreTorchvisions(golden: ArchitectureGolden) {
    let learned = golden.graph.parameters().filter { $0.role != .statistic }
    let found = Dictionary(learned.map { ($0.name, $0.shape) }) { first, _ in first }
    let expected = Dictionary(uniqueKeysWithValues: golden.parameters.map { ($0.name, $0.shape) })
    #expect(found == expected)
    #expect(found.count == learned.count)
  }

  /// The engine as it is used.
  @Test(arguments: ArchitectureGolden.all, [PassMode.training, .evaluationGradient])
  func scoresAndGradients(golden: ArchitectureGolden, mode: PassMode) throws {
    try compare(golden, mode, allowsWinograd: true)
  }

  /// Term by term, the two networks whose 3x3 convolutions are the largest.
  @Test(
    arguments: ArchitectureGolden.all.filter {
      [.vgg16, .vgg16BN].contains($0.architecture) && $0.graph.input.height > 64
    }, [PassMode.training, .evaluationGradient])
  func scoresAndGradientsTermByTerm(golden: ArchitectureGolden, mode: PassMode) throws {
    try compare(golden, mode, allowsWinograd: false)
  }

  /// Most values are the engine's own.
  @Test(arguments: ArchitectureGolden.all) func pinsAreFew(golden: ArchitectureGolden) throws {
    let shapes = try golden.graph.shapes()
    for mode in ["training", "evaluation"] {
      for (node, pins) in try golden.pins(mode) {
        let count = try #require(shapes[node]).count * ArchitectureGolden.batch
        #expect(pins.count * 200 < count, "\(node)")
      }
    }
  }

  private func compare(
    _ golden: ArchitectureGolden, _ mode: PassMode, allowsWinograd: Bool
  ) throws {
    let name = mode == .training ? "training" : "evaluation"
    let isNormalized = golden.graph.parameters().contains { $0.role == .statistic }
    // Without batch norm both modes are the same.
    guard isNormalized || mode == .training else { return }
    let images = golden.images.values
    let network = try Network(
      graph: golden.graph, weights: golden.weights(), threads: 2,
      allowsWinograd: allowsWinograd, pins: golden.pins(name))
    if mode == .evaluationGradient {
      let labels = [Int](repeating: 0, count: ArchitectureGolden.batch)
      try network.estimateStatistics(batches: 1) { Batch(images: images, labels: labels) }
    }
    let scores = try network.forward(images, count: ArchitectureGolden.batch, mode: mode)
    let scoreError = Double(relativeError(scores, try golden.scores(name)))
    #expect(scoreError < Self.tolerance)

    try network.backward(golden.direction.values)
    let torch = try golden.description(of: name)
    var worst = (error: 0.0, name: "")
    for (parameter, truth) in zip(golden.parameters, try golden.gradients(name)) {
      let buffer = try #require(network.parameters[parameter.name])
      let error = GradientSummary(parameter.name, buffer.gradient).error(against: truth)
      #expect(error < Self.tolerance, "\(parameter.name)")
      if error >= worst.error { worst = (error, parameter.name) }
    }
    if ProcessInfo.processInfo.environment["CRISP_PARITY_TABLE"] != nil {
      let way = allowsWinograd ? "" : " term by term"
      let label = "\(golden.testDescription) \(name)\(way)".padding(
        toLength: 42, withPad: " ", startingAt: 0)
      print(
        label
          + String(
            format: "scores %.1e (PyTorch %.1e)  gradients %.1e (PyTorch %.1e)  ", scoreError,
            torch.scoreError, worst.error, torch.gradientError) + worst.name)
    }
  }
}
