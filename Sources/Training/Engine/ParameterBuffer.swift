import NeuralGraph

/// A weight and its gradient in the engine, both in PyTorch's plain layout. Programs keep their own
/// blocked copies and refresh them when `version` moves.
public final class ParameterBuffer {
  /// Name, shape and role.
  public let parameter: Parameter
  /// What the forward pass computes with. Call `markChanged()` after writing.
  public var values: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(rebasing: valueBuffer.floats[..<count])
  }
  /// dL/dw of the last backward pass. Empty where nothing learns: before the first backward pass or
  /// optimiser, and for statistics and constants.
  public var gradient: UnsafeMutableBufferPointer<Float> {
    guard let gradientBuffer else { return UnsafeMutableBufferPointer(start: nil, count: 0) }
    return UnsafeMutableBufferPointer(rebasing: gradientBuffer.floats[..<count])
  }
  /// Number of values.
  public let count: Int

  let valueBuffer: AlignedBuffer
  private var gradientBuffer: AlignedBuffer?
  private(set) var version = 0

  init(_ parameter: Parameter, tensor: Tensor) throws(TrainingError) {
    self.parameter = parameter
    count = tensor.values.count
    let size = count * MemoryLayout<Float>.stride
    valueBuffer = try AlignedBuffer(byteCount: size)
    _ = values.update(fromContentsOf: tensor.values)
  }

  /// Memory for the gradient, made for the first backward pass or optimiser: a network that only
  /// answers, such as a teacher, does without.
  func gradientMemory() throws(TrainingError) -> AlignedBuffer {
    if let gradientBuffer { return gradientBuffer }
    let buffer = try AlignedBuffer(byteCount: count * MemoryLayout<Float>.stride)
    gradientBuffer = buffer
    return buffer
  }

  /// Tells the programs that the values were written.
  public func markChanged() { version += 1 }
}
