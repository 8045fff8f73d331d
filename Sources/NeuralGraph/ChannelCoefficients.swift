/// One multiply-add per channel: evaluation-mode batch norm, y = γ(x − μ)/√(σ² + ε) + β, or a
/// constant scale and shift. Folding and the runtime both take it from here, so that a network gives
/// the same bits folded or not.
package struct ChannelCoefficients {
  /// What each channel is multiplied by.
  package let scale: [Float]
  /// What is then added to it.
  package let shift: [Float]

  /// Nil for any other operation.
  package init?(_ node: Node, weights: Weights) throws(GraphError) {
    switch node.operation {
    case .batchNorm(_, let epsilon):
      let gamma = try weights.tensor(node.weightName).values
      let beta = try weights.tensor(node.biasName).values
      let mean = try weights.tensor(node.meanName).values
      let variance = try weights.tensor(node.varianceName).values
      scale = zip(gamma, variance).map { $0 / ($1 + epsilon).squareRoot() }
      shift = zip(beta, zip(mean, scale)).map { $0 - $1.0 * $1.1 }
    case .scaleShift:
      scale = try weights.tensor(node.weightName).values
      shift = try weights.tensor(node.biasName).values
    default:
      return nil
    }
  }
}
