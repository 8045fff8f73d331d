import Foundation

/// Several parts of one content as `multipart/byteranges` (RFC 9110 §14.6), of which any byte can be
/// had without those before it.
struct MultipartRanges: Sendable {
  private struct Segment {
    /// Where it begins in the body.
    let start: Int64
    /// Bytes that stand there as they are; empty for a part of the content.
    let text: Data
    /// The part of the content.
    let range: Range<Int64>

    var end: Int64 { start + Int64(text.count) + (range.upperBound - range.lowerBound) }
  }

  /// Bytes of the whole body.
  let length: Int64
  /// The body's `Content-Type`.
  let mediaType: String
  private let segments: [Segment]
  private let source: Response.Read

  init(
    _ parts: [Range<Int64>], length: Int64, mediaType: String, read: @escaping Response.Read
  ) {
    // Random, so that no content holds it: 128 bits, which RFC 2046 §5.1.1 allows to write so.
    var generator = SystemRandomNumberGenerator()
    let boundary = (0..<2).map { _ in String(generator.next() as UInt64, radix: 36) }.joined()
    var segments: [Segment] = []
    func add(text: String = "", range: Range<Int64> = 0..<0) {
      segments.append(
        Segment(start: segments.last?.end ?? 0, text: Data(text.utf8), range: range))
    }
    for (index, part) in parts.enumerated() {
      add(
        text: "\(index == 0 ? "" : "\r\n")--\(boundary)\r\nContent-Type: \(mediaType)\r\n"
          + "Content-Range: bytes \(part.lowerBound)-\(part.upperBound - 1)/\(length)\r\n\r\n")
      add(range: part)
    }
    add(text: "\r\n--\(boundary)--\r\n")
    self.segments = segments
    self.length = segments.last?.end ?? 0
    self.mediaType = "multipart/byteranges; boundary=\(boundary)"
    source = read
  }

  /// Bytes from `offset` on, to the end of their segment at most.
  func read(_ offset: Int64) throws -> Data {
    guard let segment = segments.first(where: { offset < $0.end }) else { return Data() }
    let inside = offset - segment.start
    guard segment.text.isEmpty else { return segment.text.dropFirst(Int(inside)) }
    return try source(segment.range.lowerBound + inside).prefix(Int(segment.end - offset))
  }
}
