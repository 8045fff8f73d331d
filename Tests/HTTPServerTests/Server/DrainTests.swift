import Foundation
import HTTPServer
import Testing

@Suite struct DrainTests {
  /// Drains a server on another thread.
  private func drain(_ server: HTTPServer, _ deadline: Duration, _ done: Signal) {
    Thread.detachNewThread {
      server.drain(deadline: deadline)
      done.set()
    }
  }

  @Test func responseUnderWayIsFinished() throws {
    let entered = Signal()
    let release = Signal()
    let drained = Signal()
    var router = TestServer.router
    router.on(.get, "/wait") { _, _ in
      entered.set()
      release.wait()
      return .text(.ok, "done")
    }
    try TestServer.run(router) { port, server in
      let idle = try RawClient(port: port)
      #expect(try idle.get("/hello/a").status == 200)
      let busy = try RawClient(port: port)
      try busy.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(entered.wait())
      drain(server, .seconds(15), drained)
      // The idle connection ends although the other one still waits for its answer.
      #expect(try idle.rest().isEmpty)
      #expect(server.isDraining)
      #expect(throws: RawClient.Failure.self) { try RawClient(port: port) }
      release.set()
      #expect(try busy.reply().text == "done")
      #expect(try busy.rest().isEmpty)
      #expect(drained.wait())
      #expect(server.connectionCount == 0)
    }
  }

  @Test func requestThatHasBegunIsAnsweredWithClose() throws {
    let drained = Signal()
    try TestServer.run(TestServer.router) { port, server in
      let idle = try RawClient(port: port)
      #expect(try idle.get("/hello/a").status == 200)
      let client = try RawClient(port: port)
      try client.send(
        "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
      #expect(try client.reply().status == 100)
      drain(server, .seconds(15), drained)
      #expect(try idle.rest().isEmpty)
      try client.send("hello")
      let reply = try client.reply()
      #expect(reply.text == "hello")
      #expect(reply["Connection"] == "close")
      #expect(try client.rest().isEmpty)
      #expect(drained.wait())
    }
  }

  @Test func deadlineCutsWhatIsLeft() throws {
    let streaming = Signal()
    var router = Router()
    router.on(.get, "/") { _, _ in
      Response(
        .ok,
        body: .pulled(length: 1 << 40) { offset in
          if offset > 0 { streaming.set() }
          return Data(count: 1 << 20)
        })
    }
    try TestServer.run(router) { port, server in
      let client = try RawClient(port: port, receiveBuffer: 4096)
      try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(streaming.wait())
      #expect(!server.drain(deadline: .milliseconds(10)))
      #expect(server.connectionCount == 0)
    }
  }
}
