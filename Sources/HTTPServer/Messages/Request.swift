import HTTPTypes

/// A complete request: head and body.
public struct Request: Sendable {
  /// The method; HEAD stays HEAD although a GET handler may answer it.
  public let method: HTTPRequest.Method
  /// The target as sent.
  public let target: String
  /// Percent-decoded segments of the path; "/" has none and "/a/" has "a" and "". A segment is
  /// data: it can hold "/" and "..".
  public let path: [String]
  /// Decoded pairs of the query, in order.
  public let query: [(name: String, value: String)]
  /// The header fields, in order.
  public let headers: HTTPFields
  /// The body; empty when there is none.
  public private(set) var body: [UInt8]
  /// The host and port that the client means, as sent: those of an absolute target, else of the Host
  /// field (RFC 9112 §3.2.2). Nil only where HTTP/1.0 names none.
  public let authority: String?
  /// Whether the request came over TLS.
  public let isSecure: Bool
  /// The peer's numeric address without its port.
  public let remoteAddress: String
  /// The origin of the page that sends this, as it names it, if the server lets its pages use it
  /// (`ServerConfiguration.allowedOrigins`).
  public let allowedOrigin: String?
  /// Names this request in the log, in errors and in the response's `Request-Id` field.
  public let id: String
  /// What the body takes of the memory for bodies, until it is answered or the last copy of the
  /// request goes.
  private var reservation: BodyReservation?

  /// Whether the answer's body will not be sent (RFC 9110 §9.3.2).
  public var isHead: Bool { method == .head }

  /// Lets the body go, once the request has its answer: whoever has read the answer must find room for
  /// the next body, although others still hold copies of this request.
  mutating func dropBody() {
    body = []
    reservation?.end()
    reservation = nil
  }

  /// The first value of a query parameter; nil when the query does not name it.
  public func queryValue(_ name: String) -> String? {
    query.first { $0.name == name }?.value
  }

  /// A thousand boxes to tick, each with a number beside it, twice over.
  private static let mostFormFields = 4096

  /// The fields of an HTML form in the body (application/x-www-form-urlencoded), in order.
  /// - Throws: `ProblemDetails`: 415 for a body of another type, 400 for a malformed one.
  public var form: [(name: String, value: String)] {
    get throws {
      let type = headers[.contentType]?.split(separator: ";").first?
        .lowercased().filter { $0 != " " && $0 != "\t" }
      guard type == "application/x-www-form-urlencoded" else {
        throw ProblemDetails(
          .unsupportedMediaType, code: "unsupported_media_type",
          detail: "Send a form as application/x-www-form-urlencoded.", param: "Content-Type")
      }
      let separators = body.count { $0 == UInt8(ascii: "&") }
      guard separators < Self.mostFormFields else {
        throw ProblemDetails(
          .badRequest, code: "malformed_form",
          detail: "The form may have at most \(Self.mostFormFields) fields.")
      }
      let fields: [(name: String, value: String)]
      do throws(FramingError) {
        fields = try RequestTarget.pairs(body[...])
      } catch {
        throw ProblemDetails(
          .badRequest, code: "malformed_form",
          detail: "The form holds a '%' without two hexadecimal digits, NUL or text that is not "
            + "UTF-8.")
      }
      // Comparing long texts may cost the square of their length, see `FieldLine`.
      guard fields.allSatisfy({ $0.name.utf8.count <= 256 && $0.value.utf8.count <= 4096 }) else {
        throw ProblemDetails(
          .badRequest, code: "malformed_form",
          detail: "A name in the form may have at most 256 bytes, a value at most 4096.")
      }
      return fields
    }
  }

  /// Whether a page of another origin, and not of an allowed one, may have sent this, as only browsers tell: `Sec-Fetch-Site`
  /// (W3C, "Fetch Metadata Request Headers") or, from older ones, `Origin` (RFC 6454 §7). Nil when
  /// neither is there, as with programs.
  ///
  /// An origin is a scheme, a host and a port. Over TLS only `https` is this server's own; without TLS
  /// `https` may be too, behind a proxy that ends TLS.
  public var isCrossSite: Bool? {
    if allowedOrigin != nil { return false }
    if let name = HTTPField.Name("Sec-Fetch-Site"), let site = headers[name] {
      return site != "same-origin" && site != "none"
    }
    guard let name = HTTPField.Name("Origin"), let origin = headers[name] else { return nil }
    guard let mark = origin.firstRange(of: "://"), let authority else { return true }
    let schemes = isSecure ? ["https"] : ["http", "https"]
    return !schemes.contains(origin[..<mark.lowerBound].lowercased())
      || origin[mark.upperBound...].lowercased() != authority.lowercased()
  }

  /// Makes a request without a connection, to try handlers and routers.
  /// - Throws: `ProblemDetails` with status 400 when the target is malformed.
  public init(
    method: HTTPRequest.Method, target: String, headers: HTTPFields = [:], body: [UInt8] = [],
    isSecure: Bool = false, remoteAddress: String = "127.0.0.1", id: String = "0",
    allowedOrigins: AllowedOrigins = .none
  ) throws {
    let parsed: RequestTarget
    do throws(FramingError) {
      parsed = try RequestTarget(Array(target.utf8)[...], method: method)
    } catch {
      throw ProblemDetails(error)
    }
    self.init(
      method: method, target: parsed, headers: headers, body: body, isSecure: isSecure,
      remoteAddress: remoteAddress, id: id, allowedOrigins: allowedOrigins)
  }

  init(
    method: HTTPRequest.Method, target: RequestTarget, headers: HTTPFields, body: [UInt8],
    isSecure: Bool, remoteAddress: String, id: String, allowedOrigins: AllowedOrigins = .none,
    reservation: BodyReservation? = nil
  ) {
    self.method = method
    self.target = target.raw
    path = target.path
    query = target.query
    self.headers = headers
    self.body = body
    self.isSecure = isSecure
    authority = target.authority ?? HTTPField.Name("Host").flatMap { headers[$0] }
    self.remoteAddress = remoteAddress
    allowedOrigin = allowedOrigins.origin(in: headers)
    self.id = id
    self.reservation = reservation
  }
}
