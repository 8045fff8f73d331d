import CSystem

/// The gzip coding of content (RFC 1952), by zlib.
enum Gzip {
  /// Of zlib's levels a quick one: answers are made while somebody waits.
  private static let level: Int32 = 3

  /// The bytes in one member; nil when zlib has no memory.
  static func compressed(_ bytes: [UInt8]) -> [UInt8]? {
    var stream = z_stream()
    // 15 bits of window, and 16 for gzip's wrapper (zlib.h, deflateInit2).
    guard
      deflateInit2_(
        &stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return nil }
    defer { deflateEnd(&stream) }
    guard let count = UInt32(exactly: bytes.count) else { return nil }
    let bound = Int(deflateBound(&stream, UInt(count)))
    var input = bytes
    let output = [UInt8](unsafeUninitializedCapacity: bound) { output, written in
      written = input.withUnsafeMutableBufferPointer { input -> Int in
        stream.next_in = input.baseAddress
        stream.avail_in = count
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(clamping: output.count)
        return deflate(&stream, Z_FINISH) == Z_STREAM_END
          ? output.count - Int(stream.avail_out) : 0
      }
    }
    return output.isEmpty ? nil : output
  }
}
