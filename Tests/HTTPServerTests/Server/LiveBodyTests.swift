import Foundation
import HTTPServer
import HTTPTypes
import Synchronization
import Testing

@Suite struct LiveBodyTests {
  /// A server whose `/live` answers with the bodies in turn.
  private func run(
    _ bodies: ScriptedBody..., configuration: ServerConfiguration = ServerConfiguration(),
    observe: (@Sendable (CompletedExchange) -> Void)? = nil,
    _ body: (_ port: Int, _ server: HTTPServer) throws -> Void
  ) throws {
    let left = Mutex(bodies)
    var router = TestServer.router
    router.on(.get, "/live") { _, _ in
      Response(.ok, body: .live(left.withLock { $0.removeFirst() }))
    }
    try TestServer.run(router, configuration: configuration, observe: observe, body)
  }

  @Test func partsArriveAsTheyAreSaid() throws {
    let live = ScriptedBody()
    try run(live) { port, _ in
      let client = try RawClient(port: port)
      let head = try client.open("/live")
      #expect(head.status == 200)
      #expect(head["Transfer-Encoding"] == "chunked")
      for word in ["one", "two", "three"] {
        live.say(.text(word))
        #expect(try client.chunk() == word)
      }
      live.say(.text("x"), .bytes([]), .text("y"), .end)
      #expect(try client.chunk() == "x")
      #expect(try client.chunk() == "y")
      #expect(try client.chunk() == nil)
      #expect(live.stopped.wait())
      // The connection lives on.
      #expect(try client.get("/hello/a").status == 200)
    }
  }

  @Test func requestsThatComeMeanwhileAreAnsweredAfterwards() throws {
    let live = ScriptedBody()
    try run(live) { port, _ in
      let client = try RawClient(port: port)
      _ = try client.open("/live")
      try client.send("GET /hello/early HTTP/1.1\r\nHost: a\r\n\r\n")
      live.say(.text("a"))
      #expect(try client.chunk() == "a")
      live.say(.end)
      #expect(try client.chunk() == nil)
      #expect(try client.reply().text == "hello early")
    }
  }

  @Test func silenceIsBrokenByIdleBytes() throws {
    try run(ScriptedBody(idleInterval: .milliseconds(1))) { port, _ in
      let client = try RawClient(port: port)
      _ = try client.open("/live")
      for _ in 0..<3 { #expect(try client.chunk() == ": waiting\n\n") }
    }
  }

  @Test func clientThatLeavesIsNoticed() throws {
    let live = ScriptedBody()
    let done = Signal()
    try run(live, observe: { exchange in if !exchange.isComplete { done.set() } }) { port, server in
      var client: RawClient? = try RawClient(port: port)
      _ = try client?.open("/live")
      #expect(live.started.wait())
      client = nil
      #expect(live.stopped.wait())
      #expect(done.wait())
    }
  }

  @Test func failedBodyIsCut() throws {
    let (first, second) = (ScriptedBody([.text("half")]), ScriptedBody([.text("half")]))
    try run(first, second) { port, _ in
      let client = try RawClient(port: port)
      _ = try client.open("/live")
      #expect(try client.chunk() == "half")
      first.fail()
      #expect(throws: RawClient.Failure.self) { try client.chunk() }
      #expect(first.stopped.wait())
      let old = try RawClient(port: port)
      try old.send("GET /live HTTP/1.0\r\n\r\n")
      #expect(second.started.wait())
      second.fail()
      // Only a reset tells a client of HTTP/1.0 that this is not all.
      #expect(throws: RawClient.Failure.self) { try old.reply() }
    }
  }

  @Test func oldClientsGetItUntilTheEndOfTheConnection() throws {
    let live = ScriptedBody([.text("one "), .text("two"), .end])
    try run(live) { port, _ in
      let client = try RawClient(port: port)
      try client.send("GET /live HTTP/1.0\r\n\r\n")
      let reply = try client.reply()
      #expect(reply["Transfer-Encoding"] == nil)
      #expect(reply.text == "one two")
    }
  }

  @Test func headStartsNothing() throws {
    let live = ScriptedBody()
    try run(live) { port, _ in
      let client = try RawClient(port: port)
      try client.send("HEAD /live HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.reply(isHead: true).status == 200)
      #expect(try client.get("/hello/a").status == 200)
      #expect(live.asked == 0)
    }
  }

  /// Nothing is made for a client that takes nothing, and nothing is lost.
  @Test func slowReaderIsNotRunAhead() throws {
    let part = String(repeating: "x", count: 64 * 1024)
    let count = 256
    let live = ScriptedBody(Array(repeating: .text(part), count: count) + [.end])
    try run(live) { port, _ in
      let client = try RawClient(port: port, receiveBuffer: 4096)
      _ = try client.open("/live")
      #expect(try client.chunk() == part)
      // Sixteen megabytes do not fit the two sockets' buffers.
      #expect(live.asked < count)
      for _ in 1..<count { #expect(try client.chunk()?.utf8.count == part.utf8.count) }
      #expect(try client.chunk() == nil)
    }
  }

  @Test func peerThatDoesNotReadIsLeft() throws {
    let part = String(repeating: "x", count: 64 * 1024)
    let live = ScriptedBody(Array(repeating: .text(part), count: 1024))
    var configuration = ServerConfiguration()
    configuration.limits.writeTimeout = .milliseconds(100)
    try run(live, configuration: configuration) { port, _ in
      let client = try RawClient(port: port, receiveBuffer: 4096)
      _ = try client.open("/live")
      #expect(live.stopped.wait())
    }
  }

  @Test func drainingEndsItCleanly() throws {
    let live = ScriptedBody([.text("a")])
    let drained = Signal()
    try run(live) { port, server in
      let client = try RawClient(port: port)
      _ = try client.open("/live")
      #expect(try client.chunk() == "a")
      Thread.detachNewThread {
        if server.drain(deadline: .seconds(15)) { drained.set() }
      }
      #expect(try client.chunk() == nil)
      #expect(try client.rest().isEmpty)
      #expect(live.stopped.wait())
      #expect(drained.wait())
    }
  }

  /// One worker, and more live bodies.
  @Test func liveBodiesTakeNoWorkers() throws {
    let bodies = (0..<40).map { _ in ScriptedBody() }
    let left = Mutex(bodies)
    var router = TestServer.router
    router.on(.get, "/live") { _, _ in
      Response(.ok, body: .live(left.withLock { $0.removeFirst() }))
    }
    let configuration = ServerConfiguration(workers: 1)
    try TestServer.run(router, configuration: configuration) { port, _ in
      let clients = try bodies.map { _ in try RawClient(port: port) }
      for client in clients { _ = try client.open("/live") }
      #expect(try RawClient(port: port).get("/hello/a").status == 200)
      for body in bodies { body.say(.text("a"), .end) }
      for client in clients {
        #expect(try client.chunk() == "a")
        #expect(try client.chunk() == nil)
      }
    }
  }
}
