import HTTPServer
import Logging

/// One line for each request. It holds the route's pattern and not the target: paths name users, and
/// queries may hold what belongs in no log.
enum RequestLog {
  static func write(_ exchange: CompletedExchange, to logger: Logger) {
    logger.info("request", metadata: metadata(exchange))
  }

  private static func metadata(_ exchange: CompletedExchange) -> Logger.Metadata {
    var metadata: Logger.Metadata = [
      "request_id": "\(exchange.requestID)",
      "method": "\(exchange.methodName)",
      "remote_address": "\(exchange.remoteAddress)",
      "status": .stringConvertible(exchange.status.code),
      "bytes": .stringConvertible(exchange.bodyBytes),
      "duration_ms": .stringConvertible(
        (exchange.duration / .microseconds(1)).rounded() / 1000),
    ]
    if let pattern = exchange.pattern { metadata["route"] = "\(pattern)" }
    if !exchange.isComplete { metadata["complete"] = .stringConvertible(false) }
    return metadata
  }
}

extension CompletedExchange {
  private static let knownMethods: Set = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT",
  ]

  /// The method, or `other`: a client may send any word for one, a secret too, and as many as it
  /// likes. `none` when the request could not be read.
  var methodName: String {
    guard let method else { return "none" }
    return Self.knownMethods.contains(method.rawValue) ? method.rawValue : "other"
  }
}
