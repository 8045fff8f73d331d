import HTTPTypes

/// Sends one response to one request.
struct ResponseSender {
  /// What becomes of the connection afterwards.
  enum Disposition: Equatable {
    case keep
    case close
    /// The response is incomplete and the peer must be able to tell.
    case cut(abruptly: Bool)
  }

  /// How it went.
  struct Result {
    var disposition: Disposition
    var status: HTTPResponse.Status
    var bodyBytes: Int64 = 0
    /// Why the body is incomplete.
    var error: (any Error)?
    /// The producer failed before anything was sent: another response can still be.
    var nothingSent = false

    /// The same for a response that was not sent to its end.
    func cut(by error: ServerError) -> Result {
      var result = self
      result.disposition = .cut(abruptly: false)
      result.bodyBytes = 0
      result.error = error
      return result
    }
  }

  let output: DeadlineWriter
  let version: RequestLine.Version
  let isHead: Bool
  let requestID: String
  let keepAlive: Bool
  let draining: @Sendable () -> Bool

  /// The response as one buffer, when its body is in memory or is not sent.
  func bytes(of response: Response) -> [UInt8]? {
    let framing = framing(of: response)
    let head = head(of: response, framing: framing).bytes
    if isHead || framing == .none || framing == .length(0) { return head }
    guard case .bytes(let body) = response.body else { return nil }
    return head + body
  }

  /// How sending the whole response goes if nothing fails.
  func result(of response: Response) -> Result {
    let framing = framing(of: response)
    let keeps = keepAlive && framing != .untilClose
    var result = Result(disposition: keeps ? .keep : .close, status: response.status)
    if case .length(let length) = framing, !isHead { result.bodyBytes = length }
    return result
  }

  /// The head of a pulled body.
  func head(of response: Response) -> [UInt8] {
    head(of: response, framing: framing(of: response)).bytes
  }

  /// Runs the producer of a streamed body, on a thread that may wait.
  func stream(_ response: Response) -> Result {
    let framing = framing(of: response)
    var result = result(of: response)
    let writer = ResponseBodyWriter(
      output: output, framing: framing, head: head(of: response, framing: framing).bytes,
      draining: draining)
    do {
      switch response.body {
      case .stream(_, let produce), .chunked(let produce): try produce(writer)
      case .empty, .bytes, .pulled: break
      }
      try writer.finish()
    } catch {
      result.error = error
      result.nothingSent = !writer.hasSent
      // RFC 9112 §8: without a length or a last chunk, only a reset shows that bytes are missing.
      result.disposition = .cut(abruptly: framing == .untilClose)
    }
    result.bodyBytes = writer.produced
    return result
  }

  /// RFC 9110 §6.4.1 and RFC 9112 §6.3: no content for 1xx, 204 and 304.
  private func framing(of response: Response) -> ResponseHead.Framing {
    if response.status.code < 200 || response.status == .noContent
      || response.status == .notModified
    {
      return .none
    }
    switch response.body {
    case .empty: return .length(0)
    case .bytes(let bytes): return .length(Int64(bytes.count))
    case .stream(let length, _), .pulled(let length, _): return .length(length)
    // RFC 9112 §6.1: no Transfer-Encoding to a client of HTTP/1.0.
    case .chunked: return version == .http11 ? .chunked : .untilClose
    }
  }

  private func head(of response: Response, framing: ResponseHead.Framing) -> ResponseHead {
    ResponseHead(
      status: response.status, headers: response.headers, framing: framing, requestID: requestID,
      version: version, keepAlive: keepAlive && framing != .untilClose)
  }
}
