import HTTPServer
import HTTPTypes
import Testing

/// What the bodies of requests may take of memory.
@Suite struct BodyMemoryTests {
  private static let size = 1 << 20

  private static func configuration(
    all: Int = 64 << 20, address: Int = 64 << 20, user: Int = 64 << 20
  ) -> ServerConfiguration {
    var configuration = ServerConfiguration(workers: 4)
    configuration.limits.body = size
    configuration.limits.bodyMemory = all
    configuration.limits.bodyMemoryPerAddress = address
    configuration.limits.bodyMemoryPerUser = user
    return configuration
  }

  /// Takes bodies; who sends them stands in a field of the request. `/held` keeps one until told.
  private static func router(entered: Signal = Signal(), release: Signal = Signal()) -> Router {
    var router = Router()
    let screen: Router.Screen = { request, _ in
      .admitted(user: HTTPField.Name("User").flatMap { request.headers[$0] })
    }
    for method in [HTTPRequest.Method.post, .put] {
      router.on(method, "/", screen: screen) { request, _ in .text(.ok, "\(request.body.count)") }
    }
    router.on(.post, "/held", screen: screen) { request, _ in
      entered.set()
      release.wait()
      return .text(.ok, "\(request.body.count)")
    }
    return router
  }

  private static func head(
    _ length: Int, method: String = "POST", path: String = "/", user: String = "a"
  ) -> String {
    "\(method) \(path) HTTP/1.1\r\nHost: a\r\nUser: \(user)\r\nContent-Length: \(length)\r\n\r\n"
  }

  @Test(arguments: [
    (3 << 19, 64 << 20, 64 << 20, 503, "body_memory_full"),
    (64 << 20, 3 << 19, 64 << 20, 429, "body_memory_of_address_full"),
    (64 << 20, 64 << 20, 3 << 19, 429, "body_memory_of_user_full"),
  ])
  func aBodyThatDoesNotFitIsRefusedBeforeItIsRead(
    _ all: Int, _ address: Int, _ user: Int, _ status: Int, _ code: String
  ) throws {
    let (entered, release) = (Signal(), Signal())
    try TestServer.run(
      Self.router(entered: entered, release: release),
      configuration: Self.configuration(all: all, address: address, user: user)
    ) { port, _ in
      let body = [UInt8](repeating: 7, count: Self.size)
      let holder = try RawClient(port: port)
      try holder.send(Array(Self.head(Self.size, path: "/held").utf8) + body)
      #expect(entered.wait())
      let other = try RawClient(port: port)
      try other.send(Self.head(Self.size))
      let refused = try other.reply()
      #expect(refused.status == status)
      #expect(refused["Retry-After"] == "1")
      #expect(refused["Connection"] == "close")
      #expect(refused.text.contains(code))
      // What has room goes on.
      let small = try RawClient(port: port)
      try small.send(Self.head(5) + "hello")
      #expect(try small.reply().text == "5")
      if code == "body_memory_of_user_full" {
        let stranger = try RawClient(port: port)
        try stranger.send(Array(Self.head(Self.size, user: "b").utf8) + body)
        #expect(try stranger.reply().text == "\(Self.size)")
      }
      // What is answered makes room.
      release.set()
      #expect(try holder.reply().text == "\(Self.size)")
      try holder.send(Array(Self.head(Self.size).utf8) + body)
      #expect(try holder.reply().text == "\(Self.size)")
    }
  }

  /// Who has read an answer finds room for the next body, also while the server is not yet done with
  /// the request: here its log line waits.
  @Test func anAnswerMakesRoomBeforeItIsSent() throws {
    let (entered, release) = (Signal(), Signal())
    try TestServer.run(
      Self.router(), configuration: Self.configuration(user: 3 << 19),
      observe: { exchange in
        guard exchange.method == .put else { return }
        entered.set()
        release.wait()
      }
    ) { port, _ in
      defer { release.set() }
      let body = [UInt8](repeating: 7, count: Self.size)
      let first = try RawClient(port: port)
      try first.send(Array(Self.head(Self.size, method: "PUT").utf8) + body)
      #expect(try first.reply().text == "\(Self.size)")
      #expect(entered.wait())
      let second = try RawClient(port: port)
      try second.send(Array(Self.head(Self.size).utf8) + body)
      #expect(try second.reply().text == "\(Self.size)")
    }
  }

  /// 64 clients announce 64 times what there is, and send nothing or little.
  @Test func announcementsStarveNobody() throws {
    try TestServer.run(Self.router(), configuration: Self.configuration(all: 6 << 20)) { port, _ in
      let silent = try (0..<64).map { number in
        let client = try RawClient(port: port)
        try client.send(Self.head(Self.size) + (number < 32 ? "x" : ""))
        return client
      }
      let client = try RawClient(port: port)
      for _ in 0..<3 {
        try client.send(
          Array(Self.head(Self.size).utf8) + [UInt8](repeating: 7, count: Self.size))
        #expect(try client.reply().text == "\(Self.size)")
      }
      withExtendedLifetime(silent) {}
    }
  }

  @Test func aBodyOfUnknownLengthIsCutWhereItNoLongerFits() throws {
    try TestServer.run(
      Self.router(), configuration: Self.configuration(all: 300 << 10)
    ) { port, _ in
      let client = try RawClient(port: port)
      try client.send(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n80000\r\n")
      try client.send([UInt8](repeating: 7, count: 400 << 10))
      let reply = try client.reply()
      #expect(reply.status == 503)
      #expect(reply.text.contains("body_memory_full"))
    }
  }

  /// A look into a database may wait; a loop may not.
  @Test func screensDoNotRunOnALoop() throws {
    var router = Router()
    router.on(.post, "/", screen: { _, _ in EventLoop.isCurrent ? .refused : .admitted(user: nil) })
    { request, _ in
      .text(.ok, EventLoop.isCurrent ? "on a loop" : "\(request.body.count)")
    }
    router.on(.get, "/now", isImmediate: true) { _, _ in
      .text(.ok, EventLoop.isCurrent ? "on a loop" : "elsewhere")
    }
    try TestServer.run(router) { port, _ in
      let client = try RawClient(port: port)
      try client.send(
        Array(Self.head(Self.size).utf8) + [UInt8](repeating: 7, count: Self.size))
      #expect(try client.reply().text == "\(Self.size)")
      #expect(try client.get("/now").text == "on a loop", "or the test would see nothing")
    }
  }
}
