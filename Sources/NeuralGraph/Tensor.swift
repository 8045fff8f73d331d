/// A dense row-major array of 32-bit floats. Weights are kept in PyTorch's axis orders: OIHW for
/// convolutions, [out, in] for linear layers.
public struct Tensor: Sendable, Hashable {
  /// Dimensions, slowest first.
  public let shape: [Int]
  /// As many as the product of `shape`.
  public var values: [Float]

  /// Fails when `values` does not hold exactly the product of `shape`.
  public init(shape: [Int], values: [Float]) throws(GraphError) {
    guard let count = Tensor.count(of: shape), count == values.count else {
      throw .tensorSize(shape: shape, count: values.count)
    }
    self.shape = shape
    self.values = values
  }

  /// A tensor filled with one value. Sizes that do not fit an `Int` give an empty tensor.
  public init(shape: [Int], filledWith value: Float) {
    let count = Tensor.count(of: shape)
    self.shape = count == nil ? [0] : shape
    self.values = [Float](repeating: value, count: count ?? 0)
  }

  /// The product of the dimensions, or nil when one is negative or the product overflows.
  public static func count(of shape: [Int]) -> Int? {
    var product = 1
    for dimension in shape {
      guard dimension >= 0 else { return nil }
      let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
      guard !overflow else { return nil }
      product = next
    }
    return product
  }
}

/// Tensors by name, for example `layer1.0.conv1.weight`. Iterate a graph's `parameters()` for a
/// stable order.
public typealias Weights = [String: Tensor]

extension Weights {
  /// The tensor of that name, or a typed error.
  public func tensor(_ name: String) throws(GraphError) -> Tensor {
    guard let tensor = self[name] else { throw .missingWeight(name) }
    return tensor
  }
}
