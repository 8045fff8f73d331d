import NeuralGraph
import Randomness

extension Graph {
  /// Initial weights with batch norm that does something, so that folding and unfolding can be told from
  /// nothing.
  func weightsWithBatchNorm() throws -> Weights {
    var weights = initialWeights(seed: 2)
    for node in nodes {
      guard case .batchNorm(let channels, _) = node.operation else { continue }
      var generator = SeededGenerator(seed: 3, stream: node.name)
      for name in [node.weightName, node.biasName, node.meanName, node.varianceName] {
        weights[name] = try Tensor(
          shape: [channels],
          values: (0..<channels).map { _ in Float(0.5 + generator.nextUniform()) })
      }
    }
    return weights
  }
}
