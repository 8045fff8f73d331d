import Glibc
import HTTPServer
import Testing

@Suite struct LimitTests {
  @Test func halfAHeaderBlockTimesOut() throws {
    var configuration = ServerConfiguration()
    configuration.limits.headerTimeout = .milliseconds(50)
    try TestServer.run(TestServer.router, configuration: configuration) { port, _ in
      let client = try RawClient(port: port)
      try client.send("GET /hello/a HTTP/1.1\r\nHos")
      let reply = try client.reply()
      #expect(reply.status == 408)
      #expect(reply.text.contains("header_timeout"))
      #expect(try client.rest().isEmpty)
    }
  }

  @Test func halfABodyTimesOut() throws {
    var configuration = ServerConfiguration()
    configuration.limits.bodyWindow = .milliseconds(50)
    try TestServer.run(TestServer.router, configuration: configuration) { port, _ in
      let client = try RawClient(port: port)
      try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel")
      let reply = try client.reply()
      #expect(reply.status == 408)
      #expect(reply.text.contains("body_timeout"))
    }
  }

  @Test func idleConnectionIsClosedWithoutAWord() throws {
    var configuration = ServerConfiguration()
    configuration.limits.idleTimeout = .milliseconds(50)
    try TestServer.run(TestServer.router, configuration: configuration) { port, _ in
      let client = try RawClient(port: port)
      #expect(try client.get("/hello/a").status == 200)
      #expect(try client.rest().isEmpty)
    }
  }

  @Test(arguments: [(true, 503, "too_many_connections"), (false, 429, "from_address")])
  func connectionsAreLimited(_ inAll: Bool, _ status: Int, _ code: String) throws {
    var configuration = ServerConfiguration()
    if inAll {
      configuration.limits.maxConnections = 2
    } else {
      configuration.limits.maxConnectionsPerAddress = 2
    }
    try TestServer.run(TestServer.router, configuration: configuration) { port, server in
      let clients = [try RawClient(port: port), try RawClient(port: port)]
      for client in clients { #expect(try client.get("/hello/a").status == 200) }
      let third = try RawClient(port: port)
      let reply = try third.reply()
      #expect(reply.status == status)
      #expect(reply["Retry-After"] != nil)
      #expect(reply.text.contains(code))
      // Leaving makes room.
      for client in [clients[0], third] {
        client.finishSending()
        #expect(try client.rest().isEmpty)
      }
      while server.connectionCount > 1 { sched_yield() }
      #expect(try RawClient(port: port).get("/hello/b").status == 200)
    }
  }

  /// A connection lingers after its last answer; the client that has read it may connect again.
  @Test(arguments: [
    ("GET /hello/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200),
    ("GET /hello/a HTTP/1.0\r\n\r\n", 200), ("nonsense\r\n\r\n", 400),
  ])
  func theLastAnswerLeavesThePlaceOfItsConnection(_ request: String, _ status: Int) throws {
    var configuration = ServerConfiguration()
    configuration.limits.maxConnections = 1
    configuration.limits.maxConnectionsPerAddress = 1
    try TestServer.run(TestServer.router, configuration: configuration) { port, _ in
      var lingering: [RawClient] = []
      for _ in 0..<3 {
        let client = try RawClient(port: port)
        try client.send(request)
        #expect(try client.reply().status == status)
        // It stays open on this side.
        lingering.append(client)
      }
      #expect(lingering.count == 3)
    }
  }

  /// As many as may linger uncounted; one more is counted until its client closes it.
  @Test func notAnyNumberOfConnectionsLingersUncounted() throws {
    var configuration = ServerConfiguration()
    configuration.limits.maxConnections = 1
    try TestServer.run(TestServer.router, configuration: configuration) { port, _ in
      var lingering: [RawClient] = []
      var last = 200
      while last == 200, lingering.count < 100 {
        let client = try RawClient(port: port)
        try client.send("GET /hello/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        last = try client.reply().status
        lingering.append(client)
      }
      #expect(last == 503)
      #expect(lingering.count == 66)
    }
  }

  @Test func fullBacklogIsAnswered503() throws {
    let entered = Signal()
    let release = Signal()
    var router = TestServer.router
    router.on(.get, "/wait") { _, _ in
      entered.set()
      release.wait()
      return Response(.ok)
    }
    let configuration = ServerConfiguration(workers: 1, backlog: 0)
    try TestServer.run(router, configuration: configuration) { port, _ in
      let waiting = try RawClient(port: port)
      try waiting.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(entered.wait())
      let client = try RawClient(port: port)
      let reply = try client.get("/hello/a")
      #expect(reply.status == 503)
      #expect(reply["Retry-After"] == "1")
      #expect(reply.text.contains("overloaded"))
      release.set()
      #expect(try waiting.reply().status == 200)
    }
  }

  @Test func waitingRequestsAreServedInTurn() throws {
    let entered = Signal()
    let release = Signal()
    var router = TestServer.router
    router.on(.get, "/wait") { _, _ in
      entered.set()
      release.wait()
      return Response(.ok)
    }
    let configuration = ServerConfiguration(workers: 1, backlog: 8)
    try TestServer.run(router, configuration: configuration) { port, _ in
      let waiting = try RawClient(port: port)
      try waiting.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(entered.wait())
      let clients = try (0..<8).map { _ in try RawClient(port: port) }
      for client in clients { try client.send("GET /hello/a HTTP/1.1\r\nHost: a\r\n\r\n") }
      release.set()
      for client in clients { #expect(try client.reply().status == 200) }
    }
  }
}
