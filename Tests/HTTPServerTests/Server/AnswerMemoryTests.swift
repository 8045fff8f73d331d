import HTTPServer
import HTTPTypes
import Testing

/// What answers that nobody reads may take of memory.
@Suite struct AnswerMemoryTests {
  /// More than the sockets of both sides hold.
  private static let size = 16 << 20

  private static let router: Router = {
    var router = TestServer.router
    router.on(.get, "/large") { _, _ in
      Response(.ok, body: .bytes([UInt8](repeating: 7, count: size)))
    }
    return router
  }()

  private static func configuration(all: Int, address: Int) -> ServerConfiguration {
    var configuration = ServerConfiguration(workers: 4)
    configuration.limits.answerMemory = all
    configuration.limits.answerMemoryPerAddress = address
    return configuration
  }

  @Test(arguments: [
    (40 << 20, 64 << 20, "answer_memory_full"),
    (64 << 20, 40 << 20, "answer_memory_of_address_full"),
  ])
  func whoDoesNotReadGetsNoMore(_ all: Int, _ address: Int, _ code: String) throws {
    try TestServer.run(Self.router, configuration: Self.configuration(all: all, address: address)) {
      port, _ in
      let slow = try (0..<2).map { _ in
        let client = try RawClient(port: port, receiveBuffer: 4096)
        // The head is here, so the answer is on its way, and most of it waits.
        #expect(try client.open("/large").status == 200)
        return client
      }
      let third = try RawClient(port: port)
      let refused = try third.get("/large")
      #expect(refused.status == 503)
      #expect(refused["Retry-After"] == "1")
      #expect(refused.text.contains(code))
      // What is short has room, on the same connection too, and what has been read makes room.
      #expect(try third.get("/hello/a").text == "hello a")
      #expect(try slow[0].bytes(Self.size).count == Self.size)
      #expect(try third.get("/large").body.count == Self.size)
    }
  }

  @Test func aWatcherThatDoesNotReadIsEnded() throws {
    let part = LivePart.bytes([UInt8](repeating: 7, count: Self.size))
    let bodies = [ScriptedBody([part]), ScriptedBody([part]), ScriptedBody([part])]
    var router = TestServer.router
    router.on(.get, "/live/{number}") { _, parameters in
      Response(.ok, body: .live(bodies[Int(try parameters.require("number")) ?? 0]))
    }
    try TestServer.run(
      router, configuration: Self.configuration(all: 40 << 20, address: 64 << 20)
    ) { port, _ in
      let slow = try (0..<2).map { number in
        let client = try RawClient(port: port, receiveBuffer: 4096)
        _ = try client.open("/live/\(number)")
        #expect(try client.bytes(1).count == 1, "its part is on its way")
        return client
      }
      let third = try RawClient(port: port)
      _ = try third.open("/live/2")
      #expect(bodies[2].stopped.wait(), "there is no memory for its part")
      #expect(try RawClient(port: port).get("/hello/a").status == 200)
      withExtendedLifetime(slow) {}
    }
  }
}
