import COpenSSL
import Foundation
import HTTPServer
import HTTPTypes
import TestSupport
import Testing

/// What TLS adds, and that nothing above it notices.
@Suite struct TLSTests {
  private let certificates: TestCertificates

  init() throws { certificates = try TestCertificates() }

  private func configuration(_ name: String = "server") -> ServerConfiguration {
    ServerConfiguration(tls: certificates.make(name), workers: 4)
  }

  private func peer(_ port: Int, _ options: TLSPeer.Options = .init()) throws -> TLSPeer {
    try #require(RawClient(port: port, tls: options).tls)
  }

  private static let both = [TLS1_2_VERSION, TLS1_3_VERSION]

  private static func only(_ version: Int32) -> TLSPeer.Options {
    TLSPeer.Options(versions: version...version)
  }

  @Test(arguments: both)
  func requestsAreAnsweredInOrder(version: Int32) throws {
    try TestServer.run(TestServer.router, configuration: configuration()) { port, _ in
      let client = try RawClient(port: port, tls: Self.only(version))
      let requests = (0..<200).map { "GET /hello/\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }
      try client.send(requests.joined())
      for number in 0..<200 { #expect(try client.reply().text == "hello \(number)") }
      // Sent piece by piece: a record, and a byte of it, is no unit of HTTP.
      for byte in "GET /hello/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8 {
        try client.send([byte])
      }
      #expect(try client.reply().text == "hello a")
      #expect(try client.rest().isEmpty)
    }
  }

  @Test(arguments: both)
  func largeBodiesArriveWhole(version: Int32) throws {
    let length: Int64 = 20 << 20
    var router = Router()
    router.on(.get, "/bytes") { _, _ in
      Response(.ok, body: .bytes([UInt8](repeating: 7, count: 3 << 20)))
    }
    router.on(.get, "/pulled") { _, _ in
      // A record that did not fit is begun again with the same bytes from another buffer.
      Response(
        .ok,
        body: .pulled(length: length) { offset in
          Data((offset..<offset + 100_000).map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8)) })
        })
    }
    router.on(.post, "/echo", bodyLimit: 8 << 20) { request, _ in
      Response(.ok, body: .bytes(request.body))
    }
    try TestServer.run(router, configuration: configuration()) { port, _ in
      let client = try RawClient(port: port, receiveBuffer: 8192, tls: Self.only(version))
      #expect(try client.get("/bytes").body == [UInt8](repeating: 7, count: 3 << 20))
      let pulled = try client.get("/pulled").body
      #expect(pulled.count == Int(length))
      #expect(
        pulled.enumerated().allSatisfy { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8)) == $1 })

      // Many records wait in OpenSSL's buffer, where the socket does not show them.
      let upload = (0..<5 << 20).map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 10)) }
      try client.send(
        Array("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \(upload.count)\r\n\r\n".utf8)
          + upload)
      #expect(try client.reply().body == upload)
    }
  }

  @Test(arguments: [
    (TLS1_VERSION, "tlsv1 alert protocol version"),
    (TLS1_1_VERSION, "tlsv1 alert protocol version"),
  ])
  func oldVersionsAreRefused(_ version: Int32, _ reason: String) throws {
    try TestServer.run(TestServer.router, configuration: configuration()) { port, _ in
      #expect(throws: TLSPeer.Failure(reason: reason)) {
        try RawClient(port: port, tls: Self.only(version))
      }
      let client = try RawClient(port: port, tls: .init())
      #expect(try client.get("/hello/a").status == 200)
    }
  }

  @Test func theNewestVersionIsChosen() throws {
    try TestServer.run(TestServer.router, configuration: configuration()) { port, _ in
      let version = try peer(port).version
      #expect(version == "TLSv1.3")
    }
  }

  @Test(arguments: ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "NULL"])
  func weakCiphersAreRefused(_ cipher: String) throws {
    try TestServer.run(TestServer.router, configuration: configuration()) { port, _ in
      var options = Self.only(TLS1_2_VERSION)
      options.ciphers = "\(cipher):@SECLEVEL=0"
      #expect(throws: TLSPeer.Failure.self) { try RawClient(port: port, tls: options) }
    }
  }

  @Test func theServerPrefersItsOrderButForClientsWithoutAES() throws {
    try TestServer.run(TestServer.router, configuration: configuration()) { port, _ in
      var options = Self.only(TLS1_2_VERSION)
      options.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
      let strong = try peer(port, options).cipher
      #expect(strong == "ECDHE-ECDSA-AES256-GCM-SHA384")
      options.ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384"
      let light = try peer(port, options).cipher
      #expect(light == "ECDHE-ECDSA-CHACHA20-POLY1305")
    }
  }

  @Test func theProtocolIsAgreedOn() throws {
    try TestServer.run(TestServer.router, configuration: configuration()) { port, _ in
      for (offer, chosen) in [
        (["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"), ([], nil),
      ] as [([String], String?)] {
        let client = try RawClient(port: port, tls: .init(protocols: offer))
        #expect(client.tls?.agreedProtocol == chosen)
        #expect(try client.get("/hello/a").status == 200)
      }
      for offer in [["h2"], ["http/1.0"], ["http/1.1x"]] {
        #expect(throws: TLSPeer.Failure(reason: "tlsv1 alert no application protocol")) {
          try RawClient(port: port, tls: .init(protocols: offer))
        }
      }
    }
  }

  @Test(arguments: both)
  func sessionsAreResumedByTicket(version: Int32) throws {
    try TestServer.run(TestServer.router, configuration: configuration()) { port, _ in
      var options = Self.only(version)
      let first = try RawClient(port: port, tls: options)
      #expect(try first.get("/hello/a").status == 200)
      #expect(first.tls?.isResumed == false)
      options.resume = first.tls?.resumable
      let second = try RawClient(port: port, tls: options)
      #expect(try second.get("/hello/a").status == 200)
      #expect(second.tls?.isResumed == true)
    }
  }

  /// RFC 9325 §3.5: each renegotiation would cost the server what a handshake does.
  @Test func renegotiationIsRefused() throws {
    try TestServer.run(TestServer.router, configuration: configuration()) { port, _ in
      let client = try RawClient(port: port, tls: Self.only(TLS1_2_VERSION))
      #expect(try client.get("/hello/a").status == 200)
      #expect(throws: TLSPeer.Failure(reason: "no renegotiation")) {
        try client.tls?.renegotiate()
      }
    }
  }

  @Test func peersThatStopInTheHandshakeAreLeft() throws {
    var configuration = configuration()
    configuration.limits.handshakeTimeout = .milliseconds(50)
    try TestServer.run(TestServer.router, configuration: configuration) { port, _ in
      let silent = try RawClient(port: port)
      let half = try RawClient(port: port)
      // A record of 512 bytes that holds a ClientHello, as far as one can see.
      try half.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03])
      #expect(try RawClient(port: port, tls: .init()).get("/hello/a").status == 200)
      #expect(try silent.rest().isEmpty)
      #expect(try half.rest().isEmpty)
    }
  }

  @Test func plainHTTPIsToldSo() throws {
    try TestServer.run(TestServer.router, configuration: configuration()) { port, _ in
      for method in ["GET", "POST", "HEAD", "PUT"] {
        let client = try RawClient(port: port)
        try client.send("\(method) /hello/a HTTP/1.1\r\nHost: a\r\n\r\n")
        let reply = try client.reply()
        #expect(reply.status == 400)
        #expect(reply.text.contains("plain_http"))
        #expect(try client.rest().isEmpty)
      }
      // What OpenSSL does not know for HTTP gets its alert, and the end.
      let other = try RawClient(port: port)
      try other.send("DELETE /hello/a HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try other.rest().count <= 7)
    }
  }

  @Test func connectionsBeyondTheLimitAreClosedWithoutAHandshake() throws {
    var configuration = configuration()
    configuration.limits.maxConnections = 1
    try TestServer.run(TestServer.router, configuration: configuration) { port, _ in
      let first = try RawClient(port: port, tls: .init())
      #expect(try first.get("/hello/a").status == 200)
      #expect(try RawClient(port: port).rest().isEmpty)
      #expect(try first.get("/hello/b").status == 200)
    }
  }
}
