import NeuralGraph

/// What a session does for one layer.
public struct LayerReport: Sendable, Hashable {
  /// The layer's node.
  public let name: String
  /// Shape of the result for one image.
  public let outputShape: ActivationShape
  /// Weights that are multiplied, and those a dense layer would have.
  public let keptWeights, denseWeights: Int
  /// Instruction set, rows that share positions, vectors of positions of the widest kernel.
  public let kernel: String

  /// Kept weights of all weights.
  public var density: Double { Double(keptWeights) / Double(denseWeights) }
  /// Multiply-accumulates for one image, of kept weights only.
  public var multiplyAccumulates: Int { keptWeights * outputShape.height * outputShape.width }
}
