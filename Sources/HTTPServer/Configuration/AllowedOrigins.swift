import HTTPTypes

/// Pages of other sites that may use this server from a browser (CORS,
/// <https://fetch.spec.whatwg.org/#http-cors-protocol>). Without any, browsers show them no answer.
///
/// No credentials of the browser's own are ever asked for: tokens come in a field that the page sets.
public struct AllowedOrigins: Sendable, Equatable {
  private let origins: Set<String>

  /// None.
  public static let none = AllowedOrigins([])

  /// Those origins; see ``isOrigin(_:)``. Case does not matter.
  public init(_ origins: [String]) {
    self.origins = Set(origins.map { $0.lowercased() })
  }

  /// Whether a text is what browsers send as a page's origin: `https://app.example.org`, with a port
  /// where it is not the scheme's own, and nothing after it.
  public static func isOrigin(_ text: String) -> Bool {
    let text = text.lowercased()
    for scheme in ["https://", "http://"] where text.hasPrefix(scheme) {
      let authority = text.dropFirst(scheme.count)
      guard (1...260).contains(authority.utf8.count) else { return false }
      let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      if authority.hasPrefix("[") {
        let end = authority.firstIndex(of: "]") ?? authority.startIndex
        let port = authority[end...].dropFirst()
        return NumericAddress.isValid(String(authority[..<end].dropFirst()))
          && (port.isEmpty || port.hasPrefix(":") && isPort(port.dropFirst()))
      }
      return parts[0].utf8.allSatisfy(isHostByte) && !parts[0].isEmpty
        && (parts.count == 1 || isPort(parts[1]))
    }
    return false
  }

  private static func isPort(_ text: Substring) -> Bool {
    (1...5).contains(text.utf8.count) && text.utf8.allSatisfy { (48...57).contains($0) }
      && Int(text).map { (1...65_535).contains($0) } == true
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  /// The origin that a request names, as it names it, if it is one of these.
  func origin(in headers: HTTPFields) -> String? {
    guard !origins.isEmpty, let origin = headers[.origin], origin.utf8.count <= 512,
      origins.contains(origin.lowercased())
    else { return nil }
    return origin
  }

  /// Adds what a browser has to see before it lets a page have the answer.
  func addFields(to response: inout Response, for request: Request) {
    addFields(to: &response, origin: request.allowedOrigin)
    guard request.allowedOrigin != nil, request.method == .options,
      request.headers[.accessControlRequestMethod] != nil,
      let methods = response.headers[.allow]
    else { return }
    response.headers[.accessControlAllowMethods] = methods
    response.headers[.accessControlAllowHeaders] = Self.taken
    response.headers[.accessControlMaxAge] = "600"
  }

  /// The same for a request that was not read to its end.
  /// - Parameter origin: its page's, if that is one of these.
  func addFields(to response: inout Response, origin: String?) {
    guard !origins.isEmpty else { return }
    // Whatever the answer is, it would be another one for another origin.
    response.addVary("Origin")
    guard let origin else { return }
    response.headers[.accessControlAllowOrigin] = origin
    response.headers[.accessControlExposeHeaders] = Self.exposed
  }

  /// Fields of answers that pages may read, beside those that every page may.
  private static let exposed =
    "Accept-Ranges, Content-Disposition, Content-Encoding, Content-Range, ETag, Location, "
    + "Repr-Digest, Request-Id, Retry-After, Server-Timing, WWW-Authenticate"
  /// Fields of requests that pages may set, beside those that every page may.
  private static let taken =
    "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, If-Range, "
    + "Last-Event-ID, Range"
}

extension Response {
  /// Names a field of requests on which this answer depends (RFC 9110 §12.5.5).
  mutating func addVary(_ name: String) {
    let given = headers[.vary].map { "\($0), " } ?? ""
    guard
      !given.lowercased().split(whereSeparator: { $0 == "," || $0 == " " })
        .contains(where: { $0 == "*" || $0 == name.lowercased() })
    else { return }
    headers[.vary] = given + name
  }
}
