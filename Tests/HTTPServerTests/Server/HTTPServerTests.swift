import HTTPServer
import HTTPTypes
import Synchronization
import Testing

@Suite struct HTTPServerTests {
  @Test func connectionIsKeptAlive() throws {
    try TestServer.run(TestServer.router) { port, _ in
      let client = try RawClient(port: port)
      let replies = try (0..<3).map { try client.get("/hello/\($0)") }
      #expect(replies.map(\.text) == ["hello 0", "hello 1", "hello 2"])
      #expect(Set(replies.map { $0["Request-Id"] }).count == 3)
      for reply in replies {
        #expect(reply["Connection"] == nil)
        #expect(reply["Date"]?.hasSuffix(" GMT") == true)
        #expect(reply["Content-Length"] == "7")
      }
    }
  }

  @Test func closesWhenAsked() throws {
    try TestServer.run(TestServer.router) { port, _ in
      let client = try RawClient(port: port)
      let reply = try client.get("/hello/a", fields: "Connection: close\r\n")
      #expect(reply["Connection"] == "close")
      #expect(try client.rest().isEmpty)

      let old = try RawClient(port: port)
      try old.send("GET /hello/a HTTP/1.0\r\n\r\n")
      #expect(try old.reply().status == 200)
      #expect(try old.rest().isEmpty)
    }
  }

  @Test func oldClientCanKeepItsConnection() throws {
    try TestServer.run(TestServer.router) { port, _ in
      let client = try RawClient(port: port)
      for _ in 0..<2 {
        try client.send("GET /hello/a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        #expect(try client.reply()["Connection"] == "keep-alive")
      }
    }
  }

  @Test func pipelinedRequestsAreAnsweredInOrder() throws {
    try TestServer.run(TestServer.router) { port, _ in
      let client = try RawClient(port: port)
      let requests = (0..<200).map { "GET /hello/\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }
      try client.send(requests.joined())
      for number in 0..<200 {
        #expect(try client.reply().text == "hello \(number)")
      }
    }
  }

  @Test func pipeliningEndsWithTheFirstFramingError() throws {
    try TestServer.run(TestServer.router) { port, _ in
      let client = try RawClient(port: port)
      try client.send(
        "GET /hello/a HTTP/1.1\r\nHost: a\r\n\r\nGET /hello/b HTTP/1.1\r\n\r\n"
          + "GET /hello/c HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.reply().text == "hello a")
      let problem = try client.reply()
      #expect(problem.status == 400)
      #expect(problem["Content-Type"] == "application/problem+json")
      #expect(problem["Connection"] == "close")
      #expect(problem.text.contains("\"code\":\"missing_host\""))
      #expect(problem["Request-Id"].map(problem.text.contains) == true)
      #expect(try client.rest().isEmpty)
    }
  }

  @Test func headHasTheLengthButNoBody() throws {
    try TestServer.run(TestServer.router) { port, _ in
      let client = try RawClient(port: port)
      try client.send("HEAD /hello/abc HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.reply(isHead: true)["Content-Length"] == "9")
      #expect(try client.get("/hello/b").text == "hello b")
    }
  }

  @Test func noContentHasNoLengthAndNoBody() throws {
    try TestServer.run(TestServer.router) { port, _ in
      let client = try RawClient(port: port)
      let reply = try client.get("/nothing")
      #expect(reply.status == 204)
      #expect(reply["Content-Length"] == nil)
      #expect(try client.get("/hello/b").text == "hello b")
    }
  }

  @Test func chunkedUploadArrivesWhole() throws {
    try TestServer.run(TestServer.router) { port, _ in
      let client = try RawClient(port: port)
      let part = String(repeating: "x", count: 0x4000)
      try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
      for _ in 0..<8 { try client.send("4000\r\n\(part)\r\n") }
      try client.send("0\r\n\r\n")
      #expect(try client.reply().body.count == 8 * 0x4000)
      #expect(try client.get("/hello/b").text == "hello b")
    }
  }

  @Test func continueIsSentOnlyForABodyThatIsWanted() throws {
    try TestServer.run(TestServer.router) { port, _ in
      let head = "HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
      let client = try RawClient(port: port)
      try client.send("POST /echo \(head)")
      #expect(try client.reply().status == 100)
      try client.send("hello")
      #expect(try client.reply().text == "hello")

      // The body is here already: the interim answer would be noise.
      try client.send("POST /echo \(head)hello")
      #expect(try client.reply().text == "hello")

      for (path, status) in [("/small", 413), ("/nowhere", 404), ("/nothing", 405)] {
        let refused = try RawClient(port: port)
        try refused.send("POST \(path) \(head)")
        let reply = try refused.reply()
        #expect(reply.status == status)
        #expect(reply["Connection"] == "close")
      }
    }
  }

  @Test func oversizeBodyIsRefusedUnread() throws {
    try TestServer.run(TestServer.router) { port, _ in
      let client = try RawClient(port: port)
      try client.send("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
      #expect(try client.reply().text.contains("body_too_large"))
      // The client may still be sending: its bytes are discarded, and never taken for a request.
      try client.send(Array("GET /hello/a HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
      #expect(try client.rest().isEmpty)

      let chunked = try RawClient(port: port)
      try chunked.send(
        "POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
      #expect(try chunked.reply().status == 413)
    }
  }

  @Test func errorsOfHandlersBecomeProblems() throws {
    struct Secret: Error { let text = "password" }
    var router = Router()
    router.on(.get, "/problem") { _, _ in
      throw ProblemDetails(.conflict, code: "taken", retryAfter: 3)
    }
    router.on(.get, "/secret") { _, _ in throw Secret() }
    router.on(.get, "/interim") { _, _ in Response(.continue) }
    try TestServer.run(router) { port, _ in
      let client = try RawClient(port: port)
      let problem = try client.get("/problem")
      #expect(problem.status == 409)
      #expect(problem["Retry-After"] == "3")
      for path in ["/secret", "/interim"] {
        let reply = try client.get(path)
        #expect(reply.status == 500)
        #expect(reply.text.contains("internal_error"))
        #expect(!reply.text.contains("password"))
        #expect(reply["Request-Id"].map(reply.text.contains) == true)
      }
    }
  }

  @Test func handlersCannotBreakTheHead() throws {
    var router = Router()
    router.on(.get, "/") { _, _ in
      Response(
        .ok,
        headers: [
          .location: "/a\r\nSet-Cookie: b", .contentLength: "99", .transferEncoding: "chunked",
          .connection: "close",
        ], body: .bytes([65]))
    }
    try TestServer.run(router) { port, _ in
      let client = try RawClient(port: port)
      for _ in 0..<2 {
        let reply = try client.get("/")
        #expect(reply["Content-Length"] == "1")
        #expect(reply["Transfer-Encoding"] == nil)
        #expect(reply["Connection"] == nil)
        #expect(reply["Set-Cookie"] == nil)
      }
    }
  }

  @Test func exchangesAreObserved() throws {
    let seen = Mutex<[CompletedExchange]>([])
    let done = Signal()
    try TestServer.run(
      TestServer.router,
      observe: { exchange in
        seen.withLock { $0.append(exchange) }
        done.set()
      }
    ) { port, _ in
      let client = try RawClient(port: port)
      _ = try client.get("/hello/a")
      try client.send("bad\r\n\r\n")
      _ = try client.reply()
      #expect(done.wait() && done.wait())
    }
    let exchanges = seen.withLock { $0 }
    #expect(exchanges.map(\.status) == [.ok, .badRequest])
    #expect(exchanges.first?.pattern == "/hello/{name}")
    #expect(exchanges.first?.bodyBytes == 7)
    #expect(exchanges.last?.method == nil)
  }

  @Test func startReportsWhyItCannot() throws {
    try TestServer.run(TestServer.router) { port, server in
      #expect(throws: ServerError.alreadyStarted) { try server.start() }
      let taken = ServerError.addressInUse(host: "127.0.0.1", port: port)
      #expect(throws: taken) {
        try TestServer.run(Router(), configuration: ServerConfiguration(port: port)) { _, _ in }
      }
    }
    for (host, port) in [("127.0.0.1", 65536), ("127.0.0.1", -1), ("192.0.2.1", 0), ("a b", 0)] {
      #expect(throws: ServerError.badAddress(host: host, port: port)) {
        try TestServer.run(
          Router(), configuration: ServerConfiguration(host: host, port: port)
        ) { _, _ in }
      }
    }
  }
}
