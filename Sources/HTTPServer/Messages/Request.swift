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
  public let body: [UInt8]
  /// The peer's numeric address without its port.
  public let remoteAddress: String
  /// Names this request in the log, in errors and in the response's `Request-Id` field.
  public let id: String

  /// Whether the answer's body will not be sent (RFC 9110 §9.3.2).
  public var isHead: Bool { method == .head }

  /// The first value of a query parameter; nil when the query does not name it.
  public func queryValue(_ name: String) -> String? {
    query.first { $0.name == name }?.value
  }

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

  /// Whether a page of another origin may have sent this, as only browsers tell: `Sec-Fetch-Site`
  /// (W3C, "Fetch Metadata Request Headers") or, from older ones, `Origin` (RFC 6454 §7). Nil when
  /// neither is there, as with programs.
  public var isCrossSite: Bool? {
    if let name = HTTPField.Name("Sec-Fetch-Site"), let site = headers[name] {
      return site != "same-origin" && site != "none"
    }
    guard let name = HTTPField.Name("Origin"), let origin = headers[name] else { return nil }
    let host = HTTPField.Name("Host").flatMap { headers[$0] } ?? ""
    guard let mark = origin.firstRange(of: "://") else { return true }
    return origin[mark.upperBound...].lowercased() != host.lowercased()
  }

  /// Makes a request without a connection, to try handlers and routers.
  /// - Throws: `ProblemDetails` with status 400 when the target is malformed.
  public init(
    method: HTTPRequest.Method, target: String, headers: HTTPFields = [:], body: [UInt8] = [],
    remoteAddress: String = "127.0.0.1", id: String = "0"
  ) throws {
    let parsed: RequestTarget
    do throws(FramingError) {
      parsed = try RequestTarget(Array(target.utf8)[...], method: method)
    } catch {
      throw ProblemDetails(error)
    }
    self.init(
      method: method, target: parsed, headers: headers, body: body, remoteAddress: remoteAddress,
      id: id)
  }

  init(
    method: HTTPRequest.Method, target: RequestTarget, headers: HTTPFields, body: [UInt8],
    remoteAddress: String, id: String
  ) {
    self.method = method
    self.target = target.raw
    path = target.path
    query = target.query
    self.headers = headers
    self.body = body
    self.remoteAddress = remoteAddress
    self.id = id
  }
}
