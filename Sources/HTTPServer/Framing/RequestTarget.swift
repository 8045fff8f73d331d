import HTTPTypes

/// What a request asks for: the target as sent, its decoded path and its decoded query.
package struct RequestTarget: Sendable {
  /// The bytes between the spaces of the request line.
  package let raw: String
  /// The host and port of an absolute-form target, as sent; nil for other forms.
  package let authority: String?
  /// Decoded segments; "/" has none and "/a/" has "a" and "". An encoded slash stays inside its
  /// segment, as data (RFC 3986 §2.2).
  package let path: [String]
  /// Decoded pairs in order, read as application/x-www-form-urlencoded.
  package let query: [(name: String, value: String)]
  /// Whether the target is "*", the server as a whole (RFC 9112 §3.2.4).
  package let isAsterisk: Bool

  /// RFC 9112 §3.2: origin-form and absolute-form for every method, asterisk-form for OPTIONS,
  /// and no authority-form, because this is no proxy.
  package init(_ bytes: ArraySlice<UInt8>, method: HTTPRequest.Method) throws(FramingError) {
    raw = String(decoding: bytes, as: UTF8.self)
    if bytes.elementsEqual("*".utf8) {
      guard method == .options else { throw .malformedTarget }
      isAsterisk = true
      authority = nil
      path = []
      query = []
      return
    }
    isAsterisk = false
    // RFC 3986 §3.3: "#" starts a fragment, which no request-target has; it is in no class here.
    guard bytes.allSatisfy({ ByteClass.isTarget($0) || $0 == 0x5B || $0 == 0x5D }) else {
      throw .malformedTarget
    }
    let (authority, local) = try Self.parts(bytes)
    self.authority = authority.map { String(decoding: $0, as: UTF8.self) }
    guard local.allSatisfy(ByteClass.isTarget) else { throw .malformedTarget }
    let parts = local.split(
      separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
    path = try Self.segments(parts.first ?? [])
    query = try parts.count == 2 ? Self.pairs(parts[1]) : []
  }

  /// RFC 9112 §3.2.2: a server accepts absolute-form; §3.2.1: origin-form starts with "/".
  private static func parts(
    _ bytes: ArraySlice<UInt8>
  ) throws(FramingError) -> (authority: ArraySlice<UInt8>?, local: ArraySlice<UInt8>) {
    if bytes.first == ByteClass.slash { return (nil, bytes) }
    for scheme in ["http://", "https://"] where bytes.count > scheme.utf8.count {
      guard bytes.prefix(scheme.utf8.count).equalsIgnoringCase(scheme) else { continue }
      let rest = bytes.dropFirst(scheme.utf8.count)
      let end = rest.firstIndex { $0 == ByteClass.slash || $0 == UInt8(ascii: "?") }
      let authority = rest[..<(end ?? rest.endIndex)]
      guard Authority.isValid(authority) else { throw .malformedTarget }
      return (authority, rest[authority.endIndex...])
    }
    throw .malformedTarget
  }

  private static func segments(_ path: ArraySlice<UInt8>) throws(FramingError) -> [String] {
    guard path.count > 1 else { return [] }
    var segments: [String] = []
    for segment in path.dropFirst().split(
      separator: ByteClass.slash, omittingEmptySubsequences: false)
    {
      segments.append(try PercentCoding.decode(segment, plusIsSpace: false))
    }
    return segments
  }

  /// Reads application/x-www-form-urlencoded.
  static func pairs(
    _ query: ArraySlice<UInt8>
  ) throws(FramingError) -> [(name: String, value: String)] {
    var pairs: [(name: String, value: String)] = []
    for pair in query.split(separator: UInt8(ascii: "&")) {
      let parts = pair.split(
        separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      pairs.append(
        (
          try PercentCoding.decode(parts[0], plusIsSpace: true),
          try PercentCoding.decode(parts.count == 2 ? parts[1] : [], plusIsSpace: true)
        ))
    }
    return pairs
  }
}
