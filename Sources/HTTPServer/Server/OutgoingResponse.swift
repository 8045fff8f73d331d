import HTTPTypes

/// One response as it goes onto the wire.
struct OutgoingResponse {
  /// What becomes of the connection afterwards.
  enum Disposition: Equatable {
    case keep
    case close
    /// The response is incomplete and the peer must be able to tell.
    case cut(abruptly: Bool)
  }

  /// How sending it went.
  struct Result {
    var disposition: Disposition
    var status: HTTPResponse.Status
    var bodyBytes: Int64 = 0
    /// Why the body is incomplete.
    var error: (any Error)?

    /// The same for a response that was not sent to its end.
    func cut(by error: ServerError) -> Result {
      var result = self
      result.disposition = .cut(abruptly: false)
      result.bodyBytes = 0
      result.error = error
      return result
    }
  }

  let response: Response
  let isHead: Bool
  let framing: ResponseHead.Framing
  private let fields: ResponseHead

  init(
    response: Response, version: RequestLine.Version, isHead: Bool, requestID: String,
    keepAlive: Bool
  ) {
    self.response = response
    self.isHead = isHead
    framing = Self.framing(of: response, version: version)
    fields = ResponseHead(
      status: response.status, headers: response.headers, framing: framing, requestID: requestID,
      version: version, keepAlive: keepAlive && framing != .untilClose)
  }

  /// The status line and the fields.
  var head: [UInt8] { fields.bytes }

  /// The response as one buffer, when its body is in memory or is not sent.
  var bytes: [UInt8]? {
    if isHead || framing == .none || framing == .length(0) { return head }
    guard case .bytes(let body) = response.body else { return nil }
    let head = head
    var bytes: [UInt8] = []
    bytes.reserveCapacity(head.count + body.count)
    bytes.append(contentsOf: head)
    bytes.append(contentsOf: body)
    return bytes
  }

  /// How sending all of it goes if nothing fails.
  var result: Result {
    var result = Result(disposition: fields.keepAlive ? .keep : .close, status: response.status)
    if case .length(let length) = framing, !isHead { result.bodyBytes = length }
    return result
  }

  /// RFC 9110 §6.4.1 and RFC 9112 §6.3: no content for 1xx, 204 and 304.
  private static func framing(
    of response: Response, version: RequestLine.Version
  ) -> ResponseHead.Framing {
    if response.status.code < 200 || response.status == .noContent
      || response.status == .notModified
    {
      return .none
    }
    switch response.body {
    // The deferred are answered before they get here.
    case .empty, .deferred: return .length(0)
    case .bytes(let bytes): return .length(Int64(bytes.count))
    case .pulled(let length, _): return .length(length)
    // RFC 9112 §6.1: no Transfer-Encoding to a client of HTTP/1.0.
    case .live: return version == .http11 ? .chunked : .untilClose
    }
  }
}
