import HTTPTypes
import Logging

/// One request on its way through a handler to its response.
struct Exchange: Sendable {
  let request: Request
  let outcome: Router.Outcome
  let version: RequestLine.Version
  let keepAlive: Bool
  let started = MonotonicClock.now

  var pattern: String? {
    if case .matched(let route, _) = outcome { return route.pattern }
    return nil
  }

  /// Runs the handler. Errors become problems; only `ProblemDetails` shows its text.
  func respond(router: Router, logger: Logger) -> Response {
    do {
      var response = try router.respond(to: request, by: outcome)
      if response.status.code < 200 { throw HandlerFault.interimStatus }
      if case .stream(let length, let produce) = response.body {
        guard length >= 0 else { throw HandlerFault.negativeLength }
        if length <= BodyCollector.maxLength, !request.isHead {
          let collector = BodyCollector(promised: length)
          try produce(collector)
          response.body = .bytes(try collector.finish())
        }
      }
      if case .pulled(let length, let read) = response.body {
        guard length >= 0 else { throw HandlerFault.negativeLength }
        if length <= BodyCollector.maxLength, !request.isHead {
          response.body = .bytes(try BodyCollector.collect(length, read))
        }
      }
      return response
    } catch {
      return failure(error, logger: logger)
    }
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

  func completed(_ result: ResponseSender.Result) -> CompletedExchange {
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
