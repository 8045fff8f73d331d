import Foundation
import HTTPTypes

/// What a handler answers. The server itself adds `Date`, `Request-Id`, `Connection` and the
/// fields that frame the body; values set for them here are dropped.
public struct Response: Sendable {
  /// The status; 1xx is no final answer and is sent as 500.
  public var status: HTTPResponse.Status
  /// The header fields.
  public var headers: HTTPFields
  /// The body; left out of answers to HEAD and of 204 and 304.
  public var body: Body

  /// Gives bytes from an offset on, as many as are at hand and at least one. The same offset gives
  /// the same bytes, whenever and however often it is asked for.
  public typealias Read = @Sendable (_ offset: Int64) throws -> Data

  /// Content of a response.
  public enum Body: Sendable {
    /// No bytes.
    case empty
    /// Bytes in memory.
    case bytes([UInt8])
    /// Exactly `length` bytes, of which `read` is asked for those that the client will take next.
    /// Nothing is held for a client that reads slowly, neither a thread nor bytes. When `read` throws
    /// the connection is cut: the client never sees a falsely complete body.
    case pulled(length: Int64, read: Read)
    /// Bytes that come to be by and by; no worker waits for them.
    case live(any LiveBody)
    /// Another response, which comes later and takes this one's place.
    case deferred(DeferredResponse)
  }

  /// A response of these parts.
  public init(_ status: HTTPResponse.Status, headers: HTTPFields = [:], body: Body = .empty) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// Encodes JSON with sorted keys, so that equal values are equal bytes.
  private static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }

  /// A response with a JSON text.
  public static func json(
    _ status: HTTPResponse.Status, text: [UInt8], headers: HTTPFields = [:]
  ) -> Response {
    var response = Response(status, headers: headers, body: .bytes(text))
    response.headers[.contentType] = "application/json"
    return response
  }

  /// A response with a text body in UTF-8.
  public static func text(
    _ status: HTTPResponse.Status, _ text: String, type: String = "text/plain; charset=utf-8",
    headers: HTTPFields = [:]
  ) -> Response {
    var response = Response(status, headers: headers, body: .bytes(Array(text.utf8)))
    response.headers[.contentType] = type
    return response
  }

  /// A problem as `application/problem+json` (RFC 9457 §3).
  public static func problem(_ problem: ProblemDetails) -> Response {
    var response = Response(problem.responseStatus, headers: problem.headers)
    response.headers[.contentType] = "application/problem+json"
    if let seconds = problem.retryAfter { response.headers[.retryAfter] = String(seconds) }
    // A problem is made of texts and integers; encoding those does not fail.
    if let json = try? encoder.encode(problem) { response.body = .bytes(Array(json)) }
    return response
  }
}
