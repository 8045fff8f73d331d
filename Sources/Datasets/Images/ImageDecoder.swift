import Foundation
import Inputs

/// Decodes pictures: PNG (libspng), JPEG (libjpeg-turbo), WebP (libwebp), BMP, and the first frame of
/// GIFs. The kind is told by the content, not by the name. Transparency is left out. Pictures come
/// as they are stored; `InputGeometry` turns them upright as their EXIF data says.
public enum ImageDecoder {
  /// Files larger than this are refused.
  public static let largestFile = 64 << 20

  /// Passes over a picture of any size that decoding may make.
  static let mostScans = 100

  /// What a picture's header says.
  struct Header: Hashable {
    let width: Int
    let height: Int
    /// 1 or 3, as it decodes.
    let channels: Int
    /// Whether `decode` can make a smaller picture for less work.
    let isReducible: Bool
    /// Passes over the picture that decoding makes.
    let scans: Int
    /// How it has to be turned to stand upright.
    var orientation = PictureOrientation.upright
    /// Columns and rows of the picture as it stands upright.
    var uprightSize: (width: Int, height: Int) {
      orientation.isTransposed ? (height, width) : (width, height)
    }
  }

  /// Reads and decodes a file. Throws `DatasetError` for what is not a picture of at most 64 MiB
  /// that can be read, or is damaged.
  public static func decode(file: String) throws(DatasetError) -> RasterImage {
    try decode(try read(file: file), name: file)
  }

  /// Decodes bytes; `name` is what errors call them.
  public static func decode(_ bytes: [UInt8], name: String) throws(DatasetError) -> RasterImage {
    try decode(bytes, name: name, reduction: 1)
  }

  /// A file's bytes, refused past `largestFile`.
  static func read(file: String) throws(DatasetError) -> [UInt8] {
    let data: Data
    do {
      let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
      defer { try? handle.close() }
      // The size a link or a device reports is not the size of what it yields.
      data = try handle.read(upToCount: largestFile + 1) ?? Data()
    } catch {
      throw .unreadable(file: file, reason: FileFault.reading(file))
    }
    guard data.count <= largestFile else {
      throw .undecodableImage(file: file, reason: "it is larger than 64 MiB")
    }
    return [UInt8](data)
  }

  static func header(_ bytes: [UInt8], name: String) throws(DatasetError) -> Header {
    let kind = try PictureKind(bytes, name)
    var header =
      switch kind {
      case .png: try PNGDecoder.header(bytes, name)
      case .jpeg: try JPEGDecoder.header(bytes, name)
      case .webp: try WebPDecoder.header(bytes, name)
      case .bmp: try BMPDecoder.header(bytes, name)
      case .gif: try GIFDecoder.header(bytes, name)
      }
    header.orientation = PictureOrientation.of(bytes, kind)
    return header
  }

  /// `reduction` is 1, 2, 4 or 8: a reducible picture comes with sides divided by it, rounded up.
  static func decode(_ bytes: [UInt8], name: String, reduction: Int) throws(DatasetError)
    -> RasterImage
  {
    switch try PictureKind(bytes, name) {
    case .png: try PNGDecoder.decode(bytes, name)
    case .jpeg: try JPEGDecoder.decode(bytes, name, reduction: reduction)
    case .webp: try WebPDecoder.decode(bytes, name)
    case .bmp: try BMPDecoder.decode(bytes, name)
    case .gif: try GIFDecoder.decode(bytes, name)
    }
  }

  /// Refuses sides that no decoder may allocate for.
  static func checkSides(_ width: Int, _ height: Int, _ name: String) throws(DatasetError) {
    let sides = 1...RasterImage.largestSide
    guard sides.contains(width), sides.contains(height) else {
      throw .undecodableImage(
        file: name,
        reason: "\(width)x\(height) is beyond \(RasterImage.largestSide) pixels a side")
    }
  }
}
