import Foundation

extension Pictures {
  /// EXIF data with nothing but an orientation, as TIFF in either byte order.
  package static func exif(orientation: UInt16, bigEndian: Bool = false) -> [UInt8] {
    func number(_ value: UInt32, _ count: Int) -> [UInt8] {
      let little = (0..<count).map { place -> UInt8 in
        UInt8(truncatingIfNeeded: value >> UInt32(8 * place))
      }
      return bigEndian ? little.reversed() : little
    }
    var bytes = Array((bigEndian ? "MM" : "II").utf8)
    bytes += number(42, 2) + number(8, 4) + number(1, 2)
    // One entry: the tag, a short, one of it, its value.
    bytes += number(274, 2) + number(3, 2) + number(1, 4)
    bytes += number(UInt32(orientation), 2) + [0, 0]
    return bytes + number(0, 4)
  }

  /// A JPEG with a segment put in after its start.
  package static func inserting(segment marker: UInt8, _ content: [UInt8], into jpeg: [UInt8])
    -> [UInt8]
  {
    let length = content.count + 2
    let segment = [0xff, marker, UInt8(length >> 8), UInt8(length & 0xff)] + content
    return Array(jpeg.prefix(2)) + segment + jpeg.dropFirst(2)
  }

  /// A JPEG that says how it has to be turned.
  package static func turned(_ jpeg: [UInt8], orientation: UInt16, bigEndian: Bool = false)
    -> [UInt8]
  {
    inserting(
      segment: 0xe1,
      Array("Exif\0\0".utf8) + exif(orientation: orientation, bigEndian: bigEndian), into: jpeg)
  }

  /// A PNG that does: the chunk stands after the header.
  package static func turned(png: [UInt8], orientation: UInt16) -> [UInt8] {
    let header = signature.count + 25
    return Array(png.prefix(header)) + chunk("eXIf", exif(orientation: orientation))
      + png.dropFirst(header)
  }

  /// Pixels as a camera would store them that says `orientation` of them, and the stored width.
  package static func stored(
    _ pixels: [UInt8], width: Int, height: Int, channels: Int, orientation: Int
  ) -> (pixels: [UInt8], width: Int, height: Int) {
    let isTransposed = orientation >= 5
    let (w, h) = isTransposed ? (height, width) : (width, height)
    var out: [UInt8] = []
    for row in 0..<h {
      for column in 0..<w {
        // EXIF 2.32, 4.6.4: where the stored row 0 and column 0 lie in the picture as it is seen.
        let (x, y): (Int, Int) =
          switch orientation {
          case 2: (width - 1 - column, row)
          case 3: (width - 1 - column, height - 1 - row)
          case 4: (column, height - 1 - row)
          case 5: (row, column)
          case 6: (width - 1 - row, column)
          case 7: (width - 1 - row, height - 1 - column)
          case 8: (row, height - 1 - column)
          default: (column, row)
          }
        let start = (y * width + x) * channels
        out += pixels[start..<start + channels]
      }
    }
    return (out, w, h)
  }
}
