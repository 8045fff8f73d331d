import Glibc
import HTTPTypes

/// The parts of a `multipart/form-data` body (RFC 7578), as browsers, `curl -F` and HTTP libraries send
/// files.
public struct MultipartForm: Sendable {
  /// One field of the form.
  public struct Part: Sendable {
    /// The field's name.
    public let name: String
    /// The file's name as the client calls it; nil for a field that is not a file.
    public let filename: String?
    /// What the client says the part is, in lower case and without parameters; nil when it does not.
    public let mediaType: String?
    /// Its bytes.
    public let content: ArraySlice<UInt8>
  }

  /// In the order of the body.
  public let parts: [Part]

  /// More parts than that are refused.
  public static let mostParts = 32
  /// Bytes of fields before one part's content.
  public static let longestHead = 8 << 10

  /// Reads a request's body, in time proportional to its length.
  /// - Throws: `ProblemDetails`, 400 `malformed_form`.
  public init(_ request: Request) throws(ProblemDetails) {
    let type = FieldParameters((request.headers[.contentType] ?? "").utf8)
    // RFC 2046 §5.1.1: 1 to 70 characters.
    guard let boundary = type["boundary"], (1...70).contains(boundary.utf8.count) else {
      throw Self.malformed("its Content-Type names no boundary of 1 to 70 characters")
    }
    parts = try Self.parts(of: request.body, boundary: Array(boundary.utf8))
  }

  private static func parts(of body: [UInt8], boundary: [UInt8]) throws(ProblemDetails) -> [Part] {
    let dashes = Array("--".utf8)
    let lineEnd = Array("\r\n".utf8)
    let delimiter = lineEnd + dashes + boundary
    // What stands before the first boundary does not count (RFC 2046 §5.1.1).
    var rest = body[...]
    if rest.starts(with: dashes + boundary) {
      rest = rest.dropFirst(dashes.count + boundary.count)
    } else if let first = Self.find(delimiter, in: rest) {
      rest = rest[(first + delimiter.count)...]
    } else {
      throw malformed("its boundary is not in it")
    }
    var parts: [Part] = []
    while !rest.starts(with: dashes) {
      // Spaces may follow a boundary.
      rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
      guard rest.starts(with: lineEnd) else { throw malformed("a boundary does not end its line") }
      guard parts.count < mostParts else { throw malformed("it has more than \(mostParts) parts") }
      guard let end = find(delimiter, in: rest) else { throw malformed("its last part is cut off") }
      parts.append(try part(rest[rest.startIndex..<end]))
      rest = rest[(end + delimiter.count)...]
    }
    return parts
  }

  /// A part from the end of its boundary's line on.
  private static func part(_ bytes: ArraySlice<UInt8>) throws(ProblemDetails) -> Part {
    let lineEnd = Array("\r\n".utf8)
    let headEnd = find(lineEnd + lineEnd, in: bytes.prefix(longestHead))
    guard let headEnd else {
      throw malformed("the fields of a part have no end within \(longestHead) bytes")
    }
    var disposition: FieldParameters?
    var mediaType: String?
    for line in bytes[..<headEnd].split(separator: UInt8(ascii: "\n")) {
      let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
      let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
      let value = FieldParameters(line[(colon + 1)...])
      if name == "content-disposition" { disposition = value }
      if name == "content-type" { mediaType = value.value }
    }
    guard let disposition, disposition.value == "form-data", let name = disposition["name"] else {
      throw malformed("a part has no 'Content-Disposition: form-data' with a name")
    }
    return Part(
      name: name, filename: disposition["filename"] ?? disposition["filename*"],
      mediaType: mediaType, content: bytes[(headEnd + 4)...])
  }

  /// Where a row of at most a hundred bytes begins first.
  private static func find(_ row: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
    guard let first = row.first, bytes.count >= row.count else { return nil }
    return bytes.withUnsafeBufferPointer { buffer -> Int? in
      guard let base = buffer.baseAddress else { return nil }
      let last = buffer.count - row.count
      var position = 0
      while position <= last,
        let found = memchr(base + position, Int32(first), last - position + 1)
      {
        position = UnsafeRawPointer(found) - UnsafeRawPointer(base)
        if memcmp(base + position, row, row.count) == 0 { return bytes.startIndex + position }
        position += 1
      }
      return nil
    }
  }

  private static func malformed(_ reason: String) -> ProblemDetails {
    ProblemDetails(
      .badRequest, code: "malformed_form",
      detail: "The multipart/form-data body cannot be read: \(reason).")
  }
}
