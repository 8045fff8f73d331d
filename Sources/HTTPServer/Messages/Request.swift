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
