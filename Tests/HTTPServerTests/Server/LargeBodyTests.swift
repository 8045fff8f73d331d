import Foundation
import HTTPServer
import HTTPTypes
import Testing

@Suite struct LargeBodyTests {
  /// Byte `i` of the content, so that any part of it can be checked.
  private static func bytes(_ range: Range<Int64>) -> [UInt8] {
    range.map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8)) }
  }

  @Test func largeEntityStreamsWholeAndInParts() throws {
    let length: Int64 = 20 << 20
    let tag = try #require(EntityTag("big"))
    let entity = Entity(tag: tag, length: length, mediaType: "application/octet-stream") {
      offset in
      Data(Self.bytes(offset..<min(offset + 100_000, length)))
    }
    var router = Router()
    router.on(.get, "/big") { request, _ in entity.response(to: request) }
    try TestServer.run(router) { port, _ in
      let client = try RawClient(port: port)
      let whole = try client.get("/big")
      #expect(whole.body == Self.bytes(0..<length))
      #expect(whole["ETag"] == "\"big\"")
      let part = try client.get("/big", fields: "Range: bytes=1000000-12000000\r\n")
      #expect(part.status == 206)
      #expect(part["Content-Range"] == "bytes 1000000-12000000/\(length)")
      #expect(part.body == Self.bytes(1_000_000..<12_000_001))
      #expect(try client.get("/big", fields: "If-None-Match: \"big\"\r\n").status == 304)
      #expect(try client.get("/big", fields: "Range: bytes=\(length)-\r\n").status == 416)
      try client.send("HEAD /big HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.reply(isHead: true)["Content-Length"] == "\(length)")
      #expect(try client.get("/big", fields: "Range: bytes=-1\r\n").body.count == 1)
    }
  }

  /// One worker, and more clients that ask for much and read nothing than anyone has threads for.
  @Test func slowReadersHoldUpNobody() throws {
    let size = 8 << 20
    var router = TestServer.router
    router.on(.get, "/bytes") { _, _ in
      Response(.ok, body: .bytes([UInt8](repeating: 7, count: size)))
    }
    var configuration = ServerConfiguration(workers: 1)
    configuration.limits.answerMemory = 1 << 30
    configuration.limits.answerMemoryPerAddress = 1 << 30
    try TestServer.run(router, configuration: configuration) { port, _ in
      let slow = try (0..<100).map { _ in
        let client = try RawClient(port: port, receiveBuffer: 4096)
        try client.send("GET /bytes HTTP/1.1\r\nHost: a\r\n\r\n")
        return client
      }
      #expect(try RawClient(port: port).get("/hello/a").status == 200)
      for client in [slow[0], slow[50], slow[99]] {
        let reply = try client.reply()
        #expect(reply.isComplete)
        #expect(reply.body == [UInt8](repeating: 7, count: size))
        #expect(try client.get("/hello/b").text == "hello b")
      }
    }
  }

  @Test func peerThatDoesNotReadIsLeft() throws {
    let failed = Signal()
    var router = Router()
    router.on(.get, "/") { _, _ in
      Response(.ok, body: .bytes([UInt8](repeating: 0, count: 16 << 20)))
    }
    var configuration = ServerConfiguration()
    configuration.limits.writeTimeout = .milliseconds(100)
    configuration.limits.idleTimeout = .milliseconds(400)
    try TestServer.run(
      router, configuration: configuration,
      observe: { if !$0.isComplete { failed.set() } }
    ) { port, _ in
      let client = try RawClient(port: port, receiveBuffer: 4096)
      try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(failed.wait())
      #expect(try client.reply().isComplete == false)
    }
  }
}
