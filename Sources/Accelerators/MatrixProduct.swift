/// A layer as the accelerators see it: weights of `outputs` x `depth` times activations of
/// `depth` x `positions`.
///
/// A convolution is one with depth = kernel height x kernel width x input channels, and a position for
/// each output pixel of each image of the batch.
public struct MatrixProduct: Sendable, Equatable {
  /// Rows of the weights, M: output channels.
  public let outputs: Int
  /// Columns of the weights, K.
  public let depth: Int
  /// Columns of the activations, N.
  public let positions: Int
  /// Activations that memory holds; a convolution reads each of them for several columns.
  public let inputElements: Int
  /// Share of activations that are not zero, 0 < density ≤ 1.
  public let activationDensity: Double

  /// The largest side that is modelled: sums of products of three stay exact in a `Double`.
  public static let sides = 1...(1 << 24)

  /// - Parameters:
  ///   - inputElements: `depth` x `positions` where nothing is given.
  /// - Throws: ``AcceleratorError/invalidProduct(_:)`` for sides outside ``sides``, more than 2^50
  ///   multiplies, or a density outside 0 < density ≤ 1.
  public init(
    outputs: Int, depth: Int, positions: Int, inputElements: Int? = nil,
    activationDensity: Double = 1
  ) throws(AcceleratorError) {
    for (name, side) in [("M", outputs), ("K", depth), ("N", positions)]
    where !Self.sides.contains(side) {
      throw .invalidProduct("\(name) must be 1 to \(Self.sides.upperBound), not \(side)")
    }
    guard Double(outputs) * Double(depth) * Double(positions) <= 0x1p50 else {
      throw .invalidProduct("M x K x N must be at most 2^50")
    }
    guard activationDensity > 0, activationDensity <= 1 else {
      throw .invalidProduct("the activation density must be a number in 0 < density ≤ 1")
    }
    if let inputElements, !(1...(1 << 50)).contains(inputElements) {
      throw .invalidProduct("input elements must be 1 to 2^50, not \(inputElements)")
    }
    self.outputs = outputs
    self.depth = depth
    self.positions = positions
    self.inputElements = inputElements ?? depth * positions
    self.activationDensity = activationDensity
  }

  /// Multiplies of the dense product.
  public var multiplies: Double { Double(outputs) * Double(depth) * Double(positions) }
}
