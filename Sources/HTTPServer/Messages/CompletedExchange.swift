import HTTPTypes

/// One request and what came of it, for logs and metrics.
public struct CompletedExchange: Sendable {
  /// The request's name, as in its `Request-Id`.
  public let requestID: String
  /// The peer's numeric address.
  public let remoteAddress: String
  /// The method; nil when the request could not be parsed.
  public let method: HTTPRequest.Method?
  /// The pattern of the route that answered; nil when none did.
  public let pattern: String?
  /// The status that was sent.
  public let status: HTTPResponse.Status
  /// Body bytes that were sent.
  public let bodyBytes: Int64
  /// From the complete request to the end of the response.
  public let duration: Duration
  /// Whether the response was sent to its end.
  public let isComplete: Bool
}
