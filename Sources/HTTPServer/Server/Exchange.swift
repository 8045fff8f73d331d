import HTTPTypes
import Logging

/// One request on its way through a handler to its response.
struct Exchange: Sendable {
  var request: Request
  let outcome: Router.Outcome
  let version: RequestLine.Version
  let origins: AllowedOrigins
  var keepAlive: Bool
  let started = MonotonicClock.now

  var pattern: String? {
    if case .matched(let route, _) = outcome { return route.pattern }
    return nil
  }

  /// Runs the handler. Errors become problems; only `ProblemDetails` shows its text.
  func respond(router: Router, logger: Logger) -> Response {
    conclude(Result { try router.respond(to: request, by: outcome) }, logger: logger)
  }

  /// What a handler said, as it can be sent. May read a short body.
  func conclude(_ result: Result<Response, any Error>, logger: Logger) -> Response {
    do {
      var response = try result.get()
      if case .deferred = response.body { return response }
      if response.status.code < 200 { throw HandlerFault.interimStatus }
      if case .pulled(let length, let read) = response.body {
        guard length >= 0 else { throw HandlerFault.negativeLength }
        if length <= Self.shortBody, !request.isHead {
          response.body = .bytes(try Self.collect(length, read))
        }
      }
      // What is answered at once is answered on a loop, which has no time for it.
      if !outcome.isImmediate { ContentCoding.apply(to: &response, for: request) }
      return response
    } catch {
      return failure(error, logger: logger)
    }
  }

  /// Longest pulled body that is taken into memory, so that it is sent with its head and its errors
  /// are found before anything is sent.
  private static let shortBody: Int64 = 64 * 1024

  private static func collect(_ length: Int64, _ read: Response.Read) throws -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(length))
    while Int64(bytes.count) < length {
      let piece = try read(Int64(bytes.count)).prefix(Int(length) - bytes.count)
      guard !piece.isEmpty else {
        throw ServerError.bodyLengthMismatch(promised: length, produced: Int64(bytes.count))
      }
      bytes += piece
    }
    return bytes
  }

  /// A response to this request, as it is sent.
  func outgoing(_ response: Response) -> OutgoingResponse {
    var response = response
    origins.addFields(to: &response, for: request)
    return OutgoingResponse(
      response: response, version: version, isHead: request.isHead, requestID: request.id,
      keepAlive: keepAlive)
  }

  func failure(_ error: any Error, logger: Logger) -> Response {
    var problem: ProblemDetails
    if let thrown = error as? ProblemDetails {
      problem = thrown
    } else {
      logger.error(
        "request failed",
        metadata: [
          "request_id": "\(request.id)", "method": "\(request.method)",
          "route": "\(pattern ?? "-")", "error": "\(error)",
        ])
      problem = ProblemDetails(
        .internalServerError, code: "internal_error",
        detail: "The server failed; its log has more under this request_id.")
    }
    if problem.requestID == nil { problem.requestID = request.id }
    return .problem(problem)
  }

  func completed(_ result: OutgoingResponse.Result) -> CompletedExchange {
    CompletedExchange(
      requestID: request.id, remoteAddress: request.remoteAddress, method: request.method,
      pattern: pattern, status: result.status, bodyBytes: result.bodyBytes,
      duration: .nanoseconds(Int64(clamping: MonotonicClock.elapsed(since: started))),
      isComplete: result.error == nil)
  }
}

/// A response no handler may give; it is answered 500 and logged.
private enum HandlerFault: Error {
  case interimStatus
  case negativeLength
}
