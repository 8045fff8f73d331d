import Foundation
import HTTPServer
import HTTPTypes
import Testing

/// Routes whose handlers need no worker.
@Suite struct ImmediateRouteTests {
  /// The usual routes, one that blocks its worker until told, and immediate ones.
  private static func router(entered: Signal, release: Signal) -> Router {
    var router = TestServer.router
    router.on(.get, "/block") { _, _ in
      entered.set()
      release.wait()
      return .text(.ok, "released")
    }
    router.on(.get, "/now/{number}", isImmediate: true) { _, parameters in
      .text(.ok, try parameters.require("number"))
    }
    router.on(.get, "/large", isImmediate: true) { _, _ in
      Response(.ok, body: .bytes([UInt8](repeating: 7, count: 8 << 20)))
    }
    router.on(.get, "/fails", isImmediate: true) { _, _ in
      throw ProblemDetails(.conflict, code: "taken")
    }
    return router
  }

  /// The only worker is busy and nothing more may wait for it.
  @Test func theyAnswerWhileAllWorkersAreBusy() throws {
    let (entered, release) = (Signal(), Signal())
    try TestServer.run(
      Self.router(entered: entered, release: release),
      configuration: ServerConfiguration(workers: 1, backlog: 0)
    ) { port, _ in
      let blocked = try RawClient(port: port)
      try blocked.send("GET /block HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(entered.wait())
      let client = try RawClient(port: port)
      #expect(try client.get("/hello/a").status == 503)
      #expect(try client.get("/now/1").text == "1")
      #expect(try client.get("/fails").status == 409)
      #expect(try client.get("/nowhere").status == 404)
      try client.send("DELETE /now/1 HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.reply().status == 405)
      release.set()
      #expect(try blocked.reply().text == "released")
    }
  }

  /// More than are answered in one turn, between requests that need a worker.
  @Test func pipelinedRequestsAreAnsweredInOrder() throws {
    try TestServer.run(Self.router(entered: Signal(), release: Signal())) { port, _ in
      let client = try RawClient(port: port)
      let paths = (0..<200).map { $0 % 50 == 7 ? "/hello/\($0)" : "/now/\($0)" }
      try client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
      for (number, path) in paths.enumerated() {
        #expect(
          try client.reply().text == (path.hasPrefix("/hello") ? "hello \(number)" : "\(number)"))
      }
      try client.send(
        "GET /now/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /now/2 HTTP/1.1\r\n")
      #expect(try client.reply().text == "1")
      #expect(try client.rest().isEmpty)
    }
  }

  /// What a slow client does not take at once does not hold up the queue that answered.
  @Test func largeAnswersFollowAsTheyAreRead() throws {
    try TestServer.run(Self.router(entered: Signal(), release: Signal())) { port, _ in
      let slow = try RawClient(port: port, receiveBuffer: 4096)
      try slow.send(
        "GET /large HTTP/1.1\r\nHost: a\r\n\r\nGET /now/9 HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try RawClient(port: port).get("/now/3").text == "3")
      #expect(try slow.reply().body == [UInt8](repeating: 7, count: 8 << 20))
      #expect(try slow.reply().text == "9")
    }
  }
}
