import Foundation
import HTTPServer
import HTTPTypes
import Testing

@Suite struct StreamingTests {
  private struct Broken: Error {}

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

  @Test func chunksAreFramedForNewClientsOnly() throws {
    var router = Router()
    router.on(.get, "/") { _, _ in
      Response(
        .ok,
        body: .chunked { writer in
          for part in ["one ", "", "two"] { try writer.write(part) }
        })
    }
    try TestServer.run(router) { port, _ in
      let client = try RawClient(port: port)
      for _ in 0..<2 {
        let reply = try client.get("/")
        #expect(reply["Transfer-Encoding"] == "chunked")
        #expect(reply.text == "one two")
        #expect(reply.isComplete)
      }
      let old = try RawClient(port: port)
      try old.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      let reply = try old.reply()
      #expect(reply["Transfer-Encoding"] == nil)
      #expect(reply["Connection"] == "close")
      #expect(reply.text == "one two")
    }
  }

  /// Each of these must never look complete to the client.
  @Test func incompleteBodiesAreCut() throws {
    var router = Router()
    let bodies: [(String, Response.Body)] = [
      (
        "/throws",
        .stream(length: 100_000) {
          try $0.write("half")
          throw Broken()
        }
      ),
      ("/short", .stream(length: 100_000) { try $0.write("half") }),
      (
        "/long",
        .stream(length: 100_000) {
          try $0.write("half")
          try? $0.write([UInt8](repeating: 0, count: 100_000))
          try? $0.write("half")
        }
      ),
      (
        "/chunked",
        .chunked {
          try $0.write("half")
          throw Broken()
        }
      ),
    ]
    for (path, body) in bodies {
      router.on(.get, path) { _, _ in Response(.ok, body: body) }
    }
    try TestServer.run(router) { port, _ in
      for (path, _) in bodies {
        let client = try RawClient(port: port)
        let reply = try client.get(path)
        #expect(reply.text == "half")
        #expect(!reply.isComplete)
      }
      let old = try RawClient(port: port)
      try old.send("GET /chunked HTTP/1.0\r\n\r\n")
      #expect(throws: RawClient.Failure.self) { try old.reply() }
    }
  }

  /// Before anything is sent there is time for an honest answer.
  @Test func producersThatFailInTimeAreAnErrorOfTheServer() throws {
    var router = Router()
    router.on(.get, "/chunked") { _, _ in Response(.ok, body: .chunked { _ in throw Broken() }) }
    router.on(.get, "/short") { _, _ in
      Response(.ok, body: .stream(length: 8) { try $0.write("half") })
    }
    router.on(.get, "/long") { _, _ in
      Response(
        .ok,
        body: .stream(length: 8) {
          try? $0.write("too much!")
          try? $0.write("too much")
        })
    }
    router.on(.get, "/throws") { _, _ in
      Response(
        .ok,
        body: .stream(length: 4) {
          try $0.write("half")
          throw Broken()
        })
    }
    router.on(.get, "/right") { _, _ in
      Response(.ok, body: .stream(length: 4) { try $0.write("half") })
    }
    try TestServer.run(router) { port, _ in
      let client = try RawClient(port: port)
      for path in ["/chunked", "/short", "/long", "/throws"] {
        #expect(try client.get(path).status == 500)
      }
      #expect(try client.get("/right").text == "half")
    }
  }

  /// One worker, and a client that asks for much and reads nothing.
  @Test func slowReaderDoesNotHoldUpRequests() throws {
    let answered = Signal()
    let size = 16 << 20
    var router = TestServer.router
    router.on(.get, "/bytes") { _, _ in
      answered.set()
      return Response(.ok, body: .bytes([UInt8](repeating: 7, count: size)))
    }
    try TestServer.run(router, configuration: ServerConfiguration(workers: 1)) { port, _ in
      let slow = try RawClient(port: port, receiveBuffer: 4096)
      try slow.send("GET /bytes HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(answered.wait())
      #expect(try RawClient(port: port).get("/hello/a").status == 200)
      let reply = try slow.reply()
      #expect(reply.isComplete)
      #expect(reply.body.count == size)
    }
  }

  @Test func peerThatDoesNotReadIsLeft() throws {
    let failed = Signal()
    var router = Router()
    router.on(.get, "/") { _, _ in
      Response(
        .ok,
        body: .chunked { writer in
          let part = [UInt8](repeating: 0, count: 1 << 20)
          do {
            while true { try writer.write(part) }
          } catch ServerError.writeTimedOut {
            failed.set()
            throw ServerError.writeTimedOut
          }
        })
    }
    var configuration = ServerConfiguration()
    configuration.limits.writeTimeout = .milliseconds(100)
    try TestServer.run(router, configuration: configuration) { port, _ in
      let client = try RawClient(port: port, receiveBuffer: 4096)
      try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(failed.wait())
    }
  }

  @Test func streamsDoNotHoldUpRequests() throws {
    let streaming = Signal()
    let release = Signal()
    var router = TestServer.router
    router.on(.get, "/stream") { _, _ in
      Response(
        .ok,
        body: .chunked { writer in
          try writer.write("a")
          streaming.set()
          release.wait()
        })
    }
    let configuration = ServerConfiguration(workers: 1, streams: 1)
    try TestServer.run(router, configuration: configuration) { port, _ in
      let stream = try RawClient(port: port)
      try stream.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(streaming.wait())
      let client = try RawClient(port: port)
      #expect(try client.get("/hello/a").status == 200)
      let second = try client.get("/stream")
      #expect(second.status == 503)
      #expect(second.text.contains("too_many_streams"))
      release.set()
      #expect(try stream.reply().isComplete)
    }
  }
}
