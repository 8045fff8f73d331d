/// Images of one size in memory, 8 bits a channel, with the index of each one's class.
public struct LabelledImages: Sendable {
  /// Channels of every image: 1 for grey, 3 for colour.
  public let channels: Int
  /// Rows of every image.
  public let height: Int
  /// Columns of every image.
  public let width: Int
  /// NCHW, one byte per value.
  public let pixels: [UInt8]
  /// One class index per image.
  public let labels: [Int]

  /// Throws when pixels and labels do not describe the same number of images.
  public init(
    channels: Int, height: Int, width: Int, pixels: [UInt8], labels: [Int], source: String
  )
    throws(DatasetError)
  {
    let (plane, overflow1) = height.multipliedReportingOverflow(by: width)
    let (size, overflow2) = plane.multipliedReportingOverflow(by: channels)
    let (total, overflow3) = size.multipliedReportingOverflow(by: labels.count)
    guard channels > 0, height > 0, width > 0, !overflow1, !overflow2, !overflow3,
      pixels.count == total
    else {
      throw .malformed(
        file: source,
        reason: "\(pixels.count) pixel bytes do not make \(labels.count) images of "
          + "\(channels)x\(height)x\(width)")
    }
    self.channels = channels
    self.height = height
    self.width = width
    self.pixels = pixels
    self.labels = labels
  }

  /// Number of images.
  public var count: Int { labels.count }
  /// Channels, rows and columns of every image.
  public var shape: ImageShape { ImageShape(channels: channels, height: height, width: width) }
  /// Bytes of one image.
  public var imageSize: Int { channels * height * width }
}

extension LabelledImages {
  /// The same images with rows and columns exchanged.
  func transposed(source: String) throws(DatasetError) -> LabelledImages {
    var turned = [UInt8](repeating: 0, count: pixels.count)
    let plane = height * width
    for start in stride(from: 0, to: pixels.count, by: max(1, plane)) {
      for y in 0..<height {
        for x in 0..<width { turned[start + x * height + y] = pixels[start + y * width + x] }
      }
    }
    return try LabelledImages(
      channels: channels, height: width, width: height, pixels: turned, labels: labels,
      source: source)
  }

  /// The same images with labels one less; throws where one is 0.
  func countedFromZero(source: String) throws(DatasetError) -> LabelledImages {
    if let index = labels.firstIndex(of: 0) {
      throw .malformed(
        file: source, reason: "image \(index) has label 0, and its mapping counts from 1")
    }
    return try LabelledImages(
      channels: channels, height: height, width: width, pixels: pixels,
      labels: labels.map { $0 - 1 }, source: source)
  }
}
