import HTTPServer
import HTTPTypes
import Synchronization
import Testing

/// How a connection ends that cannot be understood.
@Suite struct RefusalTests {
  /// Every vector that is refused at its first head, over a real socket: one problem with the right
  /// code, and then the end.
  @Test func everyRefusalIsOneProblemAndTheEnd() throws {
    var configuration = ServerConfiguration(workers: 1)
    configuration.limits = ParserDriver.limits
    let vectors = ParserVectors.all.filter { $0.isRefused && $0.outcomes.count == 1 }
    #expect(vectors.count > 300)
    try TestServer.run(TestServer.router, configuration: configuration) { port, _ in
      for vector in vectors {
        let client = try RawClient(port: port)
        try client.send(vector.bytes)
        let reply = try client.reply(isHead: vector.bytes.starts(with: "HEAD ".utf8))
        // There is no route whose body could be too large.
        guard reply.status != 404 else { continue }
        #expect(vector.outcomes.first?.hasPrefix("\(reply.status) ") == true, "\(vector.line)")
        let code = vector.outcomes.first?.split(separator: " ").last ?? ""
        #expect(reply.text.contains("\"code\":\"\(code)\""), "\(vector.line)")
        #expect(reply["Connection"] == "close")
        #expect(reply["Date"] != nil && reply["Content-Length"] != nil)
        #expect(try client.rest().isEmpty, "\(vector.line)")
      }
    }
  }

  @Test func headIsRefusedWithoutABody() throws {
    let methods = Mutex<[HTTPRequest.Method?]>([])
    let done = Signal()
    try TestServer.run(
      TestServer.router,
      observe: { exchange in
        methods.withLock { $0.append(exchange.method) }
        done.set()
      }
    ) { port, _ in
      let client = try RawClient(port: port)
      try client.send("HEAD / HTTP/1.1\r\nHost: a b\r\n\r\n")
      let reply = try client.reply(isHead: true)
      #expect(reply.status == 400)
      #expect(reply["Content-Length"] != "0")
      #expect(try client.rest().isEmpty)
      #expect(done.wait())
    }
    #expect(methods.withLock { $0 } == [.head])
  }

  @Test func unknownMethodsAreToldFromMisplacedOnes() throws {
    try TestServer.run(TestServer.router) { port, _ in
      let client = try RawClient(port: port)
      for (method, status) in [
        ("BREW", 501), ("get", 501), ("DELETE", 405), ("TRACE", 405), ("QUERY", 405),
      ] {
        try client.send("\(method) /hello/a HTTP/1.1\r\nHost: a\r\n\r\n")
        let reply = try client.reply()
        #expect(reply.status == status)
        #expect(reply["Allow"] == (status == 405 ? "GET, HEAD, OPTIONS" : nil))
      }
    }
  }
}
