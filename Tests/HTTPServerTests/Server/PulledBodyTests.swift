import Foundation
import HTTPServer
import HTTPTypes
import Synchronization
import Testing

/// Bodies that the server reads as clients take them.
@Suite struct PulledBodyTests {
  private struct Broken: Error {}
  private static let length: Int64 = 8 << 20

  private static func piece(_ offset: Int64) -> Data {
    Data(repeating: UInt8(truncatingIfNeeded: offset >> 16), count: 1 << 16)
  }

  /// More slow clients than there are threads for: none holds up another, and each gets its bytes.
  @Test func slowClientsPinNothing() throws {
    var router = TestServer.router
    router.on(.get, "/big") { _, _ in
      Response(
        .ok,
        body: .pulled(length: Self.length) { Self.piece($0 & ~0xFFFF).dropFirst(Int($0 & 0xFFFF)) })
    }
    let configuration = ServerConfiguration(workers: 2)
    try TestServer.run(router, configuration: configuration) { port, _ in
      let slow = try (0..<150).map { _ in
        let client = try RawClient(port: port, receiveBuffer: 4096)
        try client.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
        return client
      }
      #expect(try RawClient(port: port).get("/hello/a").status == 200)
      let fast = try RawClient(port: port).get("/big")
      #expect(fast.body.count == Int(Self.length))
      for client in [slow[0], slow[149]] {
        let reply = try client.reply()
        #expect(reply.isComplete)
        #expect(reply.body == fast.body)
        #expect(try client.get("/hello/b").text == "hello b")
      }
    }
  }

  @Test func clientsThatDoNotReadAreLeft() throws {
    let ended = Signal()
    var router = Router()
    router.on(.get, "/") { _, _ in
      Response(.ok, body: .pulled(length: 1 << 30, read: Self.piece))
    }
    var configuration = ServerConfiguration()
    configuration.limits.writeTimeout = .milliseconds(200)
    configuration.limits.idleTimeout = .milliseconds(400)
    try TestServer.run(
      router, configuration: configuration,
      observe: { if !$0.isComplete { ended.set() } }
    ) { port, server in
      let client = try RawClient(port: port, receiveBuffer: 4096)
      try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(ended.wait())
      #expect(try client.reply().isComplete == false)
    }
  }

  @Test func errorsAreAnsweredInTimeOrCutTheBody() throws {
    var router = Router()
    router.on(.get, "/at-once") { _, _ in
      Response(.ok, body: .pulled(length: Self.length) { _ in throw Broken() })
    }
    router.on(.get, "/empty") { _, _ in
      Response(.ok, body: .pulled(length: Self.length) { _ in Data() })
    }
    router.on(.get, "/late") { _, _ in
      Response(
        .ok,
        body: .pulled(length: Self.length) { offset in
          if offset >= 1 << 20 { throw Broken() }
          return Self.piece(offset)
        })
    }
    router.on(.get, "/short") { _, _ in
      Response(.ok, body: .pulled(length: 10) { _ in throw Broken() })
    }
    router.on(.get, "/negative") { _, _ in Response(.ok, body: .pulled(length: -1) { _ in Data() })
    }
    router.on(.get, "/none") { _, _ in Response(.ok, body: .pulled(length: 0) { _ in Data() }) }
    try TestServer.run(router) { port, _ in
      let client = try RawClient(port: port)
      for path in ["/at-once", "/empty", "/short", "/negative"] {
        #expect(try client.get(path).status == 500, "\(path)")
      }
      #expect(try client.get("/none")["Content-Length"] == "0")
      let cut = try client.get("/late")
      #expect(cut.status == 200)
      #expect(!cut.isComplete)
    }
  }

  /// More bytes than asked for are no more than were promised.
  @Test func piecesMayBeLongerThanWhatIsLeft() throws {
    var router = Router()
    router.on(.get, "/{length}") { _, parameters in
      Response(
        .ok,
        body: .pulled(length: Int64(try parameters.require("length")) ?? 0) { _ in
          Data(repeating: 7, count: 100_000)
        })
    }
    try TestServer.run(router) { port, _ in
      let client = try RawClient(port: port)
      for length in [1, 65_536, 65_537, 150_000, 1_000_000] {
        let reply = try client.get("/\(length)")
        #expect(reply.body.count == length)
        #expect(reply.isComplete)
      }
    }
  }

  @Test func drainingFinishesDownloads() throws {
    let length: Int64 = 64 << 20
    let answered = Signal()
    var router = Router()
    router.on(.get, "/") { _, _ in
      answered.set()
      return Response(.ok, body: .pulled(length: length, read: Self.piece))
    }
    try TestServer.run(router) { port, server in
      let client = try RawClient(port: port, receiveBuffer: 4096)
      try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(answered.wait())
      let drained = Signal()
      let isDone = Mutex(false)
      Thread.detachNewThread {
        isDone.withLock { $0 = server.drain(deadline: .seconds(20)) }
        drained.set()
      }
      #expect(try client.reply().isComplete)
      #expect(drained.wait())
      #expect(isDone.withLock { $0 })
    }
  }
}
