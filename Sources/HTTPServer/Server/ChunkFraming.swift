/// The chunked transfer coding (RFC 9112 §7.1).
enum ChunkFraming {
  /// What ends a body.
  static let end: [UInt8] = Array("0\r\n\r\n".utf8)

  /// One chunk in one buffer: several small writes would be several packets. Empty content would be
  /// the end.
  static func chunk(_ content: UnsafeRawBufferPointer) -> [UInt8] {
    var chunk = Array("\(String(content.count, radix: 16))\r\n".utf8)
    chunk.reserveCapacity(chunk.count + content.count + 2)
    chunk.append(contentsOf: content)
    chunk += "\r\n".utf8
    return chunk
  }
}
