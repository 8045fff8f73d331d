import CSystem
import CTurboJPEG
import Foundation

/// Encoders of the pictures that tests decode.
package enum Pictures {
  /// The eight bytes every PNG begins with (PNG specification, section 5.2).
  package static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

  /// A PNG from rows of samples that are packed already; each row gets filter 0.
  package static func png(
    width: Int, height: Int, depth: UInt8 = 8, colorType: UInt8, rows: [[UInt8]],
    palette: [UInt8]? = nil
  ) -> [UInt8] {
    var bytes = signature + header(width: width, height: height, depth: depth, type: colorType)
    if let palette { bytes += chunk("PLTE", palette) }
    return bytes + chunk("IDAT", deflated(rows.flatMap { [0] + $0 })) + chunk("IEND", [])
  }

  /// A PNG of 8-bit grey (one channel), RGB (three) or RGB with alpha (four), pixel by pixel.
  package static func png(width: Int, height: Int, channels: Int, pixels: [UInt8]) -> [UInt8] {
    let rows = (0..<height).map {
      Array(pixels[$0 * width * channels..<($0 + 1) * width * channels])
    }
    let colorType: UInt8 = channels == 1 ? 0 : channels == 4 ? 6 : 2
    return png(width: width, height: height, colorType: colorType, rows: rows)
  }

  package static func header(width: Int, height: Int, depth: UInt8 = 8, type: UInt8) -> [UInt8] {
    chunk("IHDR", big(width) + big(height) + [depth, type, 0, 0, 0])
  }

  package static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(type.utf8) + data
    return big(data.count) + body + big(Int(crc32(0, body, UInt32(body.count))))
  }

  private static func big(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
    var size = compressBound(UInt(bytes.count))
    var result = [UInt8](repeating: 0, count: Int(size))
    guard compress(&result, &size, bytes, UInt(bytes.count)) == Z_OK else { return [] }
    return Array(result.prefix(Int(size)))
  }

  /// A JPEG of grey (one channel), RGB (three) or CMYK (four) pixels at the best quality.
  package static func jpeg(width: Int, height: Int, channels: Int, pixels: [UInt8]) throws
    -> [UInt8]
  {
    guard let handle = tjInitCompress() else { throw CocoaError(.fileWriteUnknown) }
    defer { tjDestroy(handle) }
    let format = [1: TJPF_GRAY, 3: TJPF_RGB, 4: TJPF_CMYK][channels] ?? TJPF_RGB
    let sampling = channels == 1 ? TJSAMP_GRAY : TJSAMP_444
    var buffer: UnsafeMutablePointer<UInt8>?
    var size: UInt = 0
    let result = tjCompress2(
      handle, pixels, Int32(width), 0, Int32(height), Int32(format.rawValue), &buffer, &size,
      Int32(sampling.rawValue), 100, 0)
    defer { tjFree(buffer) }
    guard result == 0, let buffer else { throw CocoaError(.fileWriteUnknown) }
    return Array(UnsafeBufferPointer(start: buffer, count: Int(size)))
  }
}
