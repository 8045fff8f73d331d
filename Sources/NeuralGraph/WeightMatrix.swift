/// A layer's weight as the matrix W of the method (Documentation/method.md, "Terms"): rows are
/// output channels, columns are (kernel row, kernel column, input channel) with **the input channel
/// fastest**, so that groups of M and blocks of B lie along input channels (trap B4 of the
/// reference code).
public struct WeightMatrix: Hashable, Sendable {
  /// Output channels, or the outputs of a linear layer.
  public let rows: Int
  /// Spatial taps, kernel height x kernel width; 1 for a linear layer.
  public let taps: Int
  /// Input channels of one group, or the features of a linear layer.
  public let inChannels: Int

  /// Columns of the matrix: taps x input channels.
  public var columns: Int { taps * inChannels }
  /// Weights of the matrix.
  public var count: Int { rows * columns }

  /// The matrix of a node that has one (convolution or linear), else nil.
  public init?(_ operation: Operation) {
    switch operation {
    case .convolution(let c) where c.groups > 0:
      self.init(
        rows: c.outChannels, taps: c.window.kernelHeight * c.window.kernelWidth,
        inChannels: c.inChannels / c.groups)
    case .linear(let inFeatures, let outFeatures, _):
      self.init(rows: outFeatures, taps: 1, inChannels: inFeatures)
    default:
      return nil
    }
  }

  /// A matrix of the given sides.
  public init(rows: Int, taps: Int, inChannels: Int) {
    self.rows = rows
    self.taps = taps
    self.inChannels = inChannels
  }

  /// Reorders OIHW values (PyTorch) to the matrix, row-major. Returns nil on a wrong count.
  public func fromOIHW(_ values: [Float]) -> [Float]? { permuted(values, toMatrix: true) }

  /// Reorders the matrix's values to OIHW. Returns nil on a wrong count.
  public func toOIHW(_ values: [Float]) -> [Float]? { permuted(values, toMatrix: false) }

  /// Reorders a mask of the matrix to OIHW. Returns nil on a wrong count.
  public func toOIHW(_ mask: [Bool]) -> [Bool]? { permuted(mask, toMatrix: false) }

  private func permuted<Element>(_ values: [Element], toMatrix: Bool) -> [Element]? {
    guard values.count == count else { return nil }
    guard taps > 1 else { return values }
    var result = values
    for row in 0..<rows {
      let base = row * columns
      for tap in 0..<taps {
        for channel in 0..<inChannels {
          let matrix = base + tap * inChannels + channel
          let oihw = base + channel * taps + tap
          if toMatrix {
            result[matrix] = values[oihw]
          } else {
            result[oihw] = values[matrix]
          }
        }
      }
    }
    return result
  }
}
