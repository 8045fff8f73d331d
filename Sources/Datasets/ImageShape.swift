/// Channels, rows and columns of an image.
public struct ImageShape: Hashable, Sendable, CustomStringConvertible {
  /// 1 for grey, 3 for colour.
  public let channels: Int
  /// Rows.
  public let height: Int
  /// Columns.
  public let width: Int

  /// A shape as given.
  public init(channels: Int, height: Int, width: Int) {
    self.channels = channels
    self.height = height
    self.width = width
  }

  /// Values of one image.
  public var count: Int { channels * height * width }

  /// For example `3x224x224`.
  public var description: String { "\(channels)x\(height)x\(width)" }
}
