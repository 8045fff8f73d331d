import COpenSSL
import HTTPServer
import HTTPTypes
import TestSupport
import Testing

/// With TLS a client can tell the end from a cut (RFC 8446 §6.1), whatever frames the body.
@Suite struct TLSClosingTests {
  private let configuration: ServerConfiguration
  private let certificates: TestCertificates

  init() throws {
    certificates = try TestCertificates()
    configuration = ServerConfiguration(tls: certificates.make("server"), workers: 4)
  }

  private static var router: Router {
    var router = TestServer.router
    let part = LivePart.bytes([UInt8](repeating: 65, count: 300_000))
    router.on(.get, "/whole") { _, _ in Response(.ok, body: .live(ScriptedBody([part, .end]))) }
    router.on(.get, "/cut") { _, _ in
      let body = ScriptedBody([part])
      body.fail()
      return Response(.ok, body: .live(body))
    }
    return router
  }

  @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
  func aBodyUntilTheEndHasAnEnd(version: Int32) throws {
    try TestServer.run(Self.router, configuration: configuration) { port, _ in
      let options = TLSPeer.Options(versions: version...version)
      let whole = try RawClient(port: port, receiveBuffer: 4096, tls: options)
      try whole.send("GET /whole HTTP/1.0\r\n\r\n")
      #expect(try whole.reply().body.count == 300_000)

      let cut = try RawClient(port: port, tls: options)
      try cut.send("GET /cut HTTP/1.0\r\n\r\n")
      #expect(throws: (any Error).self) { try cut.reply() }
      let chunked = try RawClient(port: port, tls: options)
      #expect(throws: TLSPeer.Failure.truncated) { try chunked.get("/cut") }
    }
  }

  @Test func errorsAndIdleEndsAreAnnounced() throws {
    var configuration = configuration
    configuration.limits.idleTimeout = .milliseconds(50)
    try TestServer.run(Self.router, configuration: configuration) { port, _ in
      let idle = try RawClient(port: port, tls: .init())
      #expect(try idle.get("/hello/a").status == 200)
      #expect(try idle.rest().isEmpty)
      let wrong = try RawClient(port: port, tls: .init())
      try wrong.send("GET / HTTP/1.1\r\n\r\n")
      #expect(try wrong.reply().status == 400)
      #expect(try wrong.rest().isEmpty)
    }
  }

  @Test func drainingAnnouncesTheEnd() throws {
    try TestServer.run(Self.router, configuration: configuration) { port, server in
      let client = try RawClient(port: port, tls: .init())
      #expect(try client.get("/hello/a").status == 200)
      let silent = try RawClient(port: port)
      while server.connectionCount < 2 { sched_yield() }
      #expect(server.drain(deadline: .seconds(5)))
      #expect(try client.rest().isEmpty)
      #expect(try silent.rest().isEmpty)
    }
  }

  /// A request whose sender has finished is answered; half of one is not.
  @Test func theClientMayFinishFirst() throws {
    try TestServer.run(Self.router, configuration: configuration) { port, _ in
      let client = try RawClient(port: port, tls: .init())
      try client.send("GET /hello/a HTTP/1.1\r\nHost: a\r\n\r\n")
      client.finishSending()
      #expect(try client.reply().text == "hello a")
      let half = try RawClient(port: port, tls: .init())
      try half.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel")
      half.finishSending()
      #expect(throws: TLSPeer.Failure.truncated) { try half.rest() }
    }
  }
}
