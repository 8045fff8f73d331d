/// Channels x height x width of one image's activation. The batch is not part of it.
public struct ActivationShape: Hashable, Sendable, Codable, CustomStringConvertible {
  /// Feature maps; 1 or 3 for an image.
  public var channels: Int
  /// Rows.
  public var height: Int
  /// Columns.
  public var width: Int

  /// A shape as given; `Graph.shapes()` is where shapes from files are validated.
  public init(channels: Int, height: Int, width: Int) {
    self.channels = channels
    self.height = height
    self.width = width
  }

  /// Values of one image: channels x height x width.
  public var count: Int { channels * height * width }

  /// For example `16x28x28`.
  public var description: String { "\(channels)x\(height)x\(width)" }
}
