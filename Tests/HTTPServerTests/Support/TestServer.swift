import Dispatch
import HTTPServer
import Logging

/// A server on a free port of 127.0.0.1, for the length of a closure.
enum TestServer {
  static func run(
    _ router: Router, configuration: ServerConfiguration = ServerConfiguration(workers: 4),
    observe: (@Sendable (CompletedExchange) -> Void)? = nil,
    _ body: (_ port: Int, _ server: HTTPServer) throws -> Void
  ) throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let server = HTTPServer(
      configuration: configuration, router: router, logger: logger, observe: observe)
    let address = try server.start()
    defer { server.drain(deadline: .seconds(5)) }
    try body(address.port, server)
  }

  /// Routes that need no state.
  static var router: Router {
    var router = Router()
    router.on(.get, "/hello/{name}") { _, parameters in
      .text(.ok, "hello \(try parameters.require("name"))")
    }
    router.on(.post, "/echo") { request, _ in Response(.ok, body: .bytes(request.body)) }
    router.on(.post, "/small", bodyLimit: 4) { request, _ in
      Response(.ok, body: .bytes(request.body))
    }
    router.on(.get, "/nothing") { _, _ in Response(.noContent, body: .bytes([1, 2, 3])) }
    return router
  }
}

/// Lets one side of a test wait for the other.
final class Signal: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)

  func set() { semaphore.signal() }

  /// Waits; false after 120 s, so that a broken server fails tests rather than holding them up.
  @discardableResult
  func wait() -> Bool { semaphore.wait(timeout: .now() + .seconds(120)) == .success }
}
