/// How the rows and columns of a stored picture have to be turned to stand upright: EXIF's tag 274
/// (EXIF 2.32, 4.6.4), which phones write in place of turning the picture.
package enum PictureOrientation: Int, Sendable, CaseIterable {
  case upright = 1
  case mirrored, turned180, mirroredTurned180, transposed, turnedRight, transverse, turnedLeft

  /// Whether rows become columns.
  var isTransposed: Bool { rawValue >= 5 }
  /// Whether the stored rows run from the bottom, or the right, up.
  var reversesRows: Bool { [3, 4, 6, 7].contains(rawValue) }
  /// Whether the stored columns do.
  var reversesColumns: Bool { [2, 3, 7, 8].contains(rawValue) }

  /// Channel planes of a picture as it is stored, turned into those of `shape`. Of a picture whose
  /// rows become columns, the stored planes have as many rows as `shape` has columns.
  func upright(_ planes: [UInt8], shape: ImageShape) -> [UInt8] {
    guard self != .upright else { return planes }
    let rows = isTransposed ? shape.width : shape.height
    let columns = isTransposed ? shape.height : shape.width
    var turned: [UInt8] = []
    turned.reserveCapacity(planes.count)
    for plane in stride(from: 0, to: planes.count, by: max(1, rows * columns)) {
      for y in 0..<shape.height {
        for x in 0..<shape.width {
          let (down, right) = isTransposed ? (x, y) : (y, x)
          let row = reversesRows ? rows - 1 - down : down
          let column = reversesColumns ? columns - 1 - right : right
          turned.append(planes[plane + row * columns + column])
        }
      }
    }
    return turned
  }

  /// What a picture of any kind says of itself; upright where it says nothing that makes sense, as
  /// every viewer takes it.
  static func of(_ bytes: [UInt8], _ kind: PictureKind) -> PictureOrientation {
    let exif: ArraySlice<UInt8>? =
      switch kind {
      case .jpeg: JPEGSegments.exif(bytes)
      case .png: chunk("eXIf", in: bytes, from: 8, isBigEndian: true)
      case .webp: chunk("EXIF", in: bytes, from: 12, isBigEndian: false)
      case .bmp, .gif: nil
      }
    return exif.flatMap { PictureOrientation(tiff: withoutSignature($0)) } ?? .upright
  }

  /// The content of a chunk of PNG (length, name, content, checksum) or RIFF (name, length, content,
  /// filled up to an even size).
  private static func chunk(
    _ name: String, in bytes: [UInt8], from start: Int, isBigEndian: Bool
  ) -> ArraySlice<UInt8>? {
    var position = start
    while position + 8 <= bytes.count {
      let first = bytes[position..<position + 4]
      let second = bytes[position + 4..<position + 8]
      let (field, kind) = isBigEndian ? (first, second) : (second, first)
      let length = isBigEndian ? number(field) : number(field.reversed())
      guard length <= bytes.count - position - 8 else { return nil }
      let content = bytes[position + 8..<position + 8 + length]
      if kind.elementsEqual(name.utf8) { return content }
      position += 8 + length + (isBigEndian ? 4 : length % 2)
    }
    return nil
  }

  /// Some writers of WebP keep JPEG's signature before the TIFF data.
  private static func withoutSignature(_ exif: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    exif.starts(with: Array("Exif\0\0".utf8)) ? exif.dropFirst(6) : exif
  }

  /// Reads the tag from the first directory of TIFF data (TIFF 6.0, section 2); nil where it is not
  /// there or the data is damaged.
  private init?(tiff: ArraySlice<UInt8>) {
    let data = Array(tiff.prefix(1 << 16))
    let isLittle = data.starts(with: Array("II".utf8))
    guard isLittle || data.starts(with: Array("MM".utf8)) else { return nil }
    func value(_ position: Int, _ count: Int) -> Int? {
      guard position >= 0, position <= data.count - count else { return nil }
      let field = data[position..<position + count]
      return isLittle ? Self.number(field.reversed()) : Self.number(field)
    }
    guard value(2, 2) == 42, let start = value(4, 4), let entries = value(start, 2) else {
      return nil
    }
    for entry in 0..<entries {
      let position = start + 2 + 12 * entry
      guard let tag = value(position, 2) else { return nil }
      // A short, one of it; a few writers say long.
      guard tag == 274 else { continue }
      let type = value(position + 2, 2)
      let found = type == 3 ? value(position + 8, 2) : type == 4 ? value(position + 8, 4) : nil
      guard let found else { return nil }
      self.init(rawValue: found)
      return
    }
    return nil
  }

  private static func number(_ bytes: some Sequence<UInt8>) -> Int {
    bytes.reduce(0) { $0 << 8 | Int($1) }
  }
}
