import Foundation

/// Decodes PNG (libspng) and JPEG (libturbojpeg) pictures. The kind is told by the content, not by
/// the name. An orientation in EXIF data is ignored: training sets are labelled as stored, and
/// evaluation must see what training saw.
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
  }

  /// Reads and decodes a file. Throws `DatasetError` for what is not a PNG or JPEG file of at most
  /// 64 MiB, or is damaged.
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
      throw .unreadable(file: file, reason: "\(error.localizedDescription)")
    }
    guard data.count <= largestFile else {
      throw .undecodableImage(file: file, reason: "it is larger than 64 MiB")
    }
    return [UInt8](data)
  }

  static func header(_ bytes: [UInt8], name: String) throws(DatasetError) -> Header {
    switch try kind(bytes, name) {
    case .png: try PNGDecoder.header(bytes, name)
    case .jpeg: try JPEGDecoder.header(bytes, name)
    }
  }

  /// `reduction` is 1, 2, 4 or 8: a reducible picture comes with sides divided by it, rounded up.
  static func decode(_ bytes: [UInt8], name: String, reduction: Int) throws(DatasetError)
    -> RasterImage
  {
    switch try kind(bytes, name) {
    case .png: try PNGDecoder.decode(bytes, name)
    case .jpeg: try JPEGDecoder.decode(bytes, name, reduction: reduction)
    }
  }

  private enum Kind { case png, jpeg }

  private static func kind(_ bytes: [UInt8], _ name: String) throws(DatasetError) -> Kind {
    if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47]) { return .png }
    if bytes.starts(with: [0xff, 0xd8, 0xff]) { return .jpeg }
    throw .undecodableImage(file: name, reason: "it is neither PNG nor JPEG")
  }
}
