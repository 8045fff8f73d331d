import Foundation
import HTTPServer
import HTTPTypes
import Testing

/// Answers that a lane makes while no worker waits for them.
@Suite struct DeferredResponseTests {
  /// A lane of one thread and two places before it, with work that a test holds.
  private struct World {
    let lane = WorkLane(
      "test", .init(running: 1, waiting: 2, deadline: .seconds(60)),
      busy: ProblemDetails(.serviceUnavailable, code: "busy", retryAfter: 7))
    let entered = Signal()
    let release = Signal()
    let cancelled = Signal()

    var router: Router {
      get {
        var router = TestServer.router
        let (lane, entered, release, cancelled) = (lane, entered, release, cancelled)
        router.on(.get, "/slow/{name}") { _, parameters in
          let name = try parameters.require("name")
          return lane.response(for: "") { turn in
            entered.set()
            release.wait()
            if turn.isCancelled { cancelled.set() }
            try turn.check()
            return .text(.ok, "slow \(name)")
          }
        }
        router.on(.get, "/twice") { _, _ in
          lane.response(for: "") { _ in lane.response(for: "") { _ in .text(.ok, "at last") } }
        }
        router.on(.get, "/fails") { _, _ in
          lane.response(for: "") { _ in throw ProblemDetails(.conflict, code: "taken") }
        }
        router.on(.get, "/pulled/{length}") { _, parameters in
          let length = Int64(try parameters.require("length")) ?? 0
          return lane.response(for: "") { _ in
            Response(
              .ok,
              body: .pulled(length: length) { offset in
                Data(repeating: 7, count: Int(min(100_000, length - offset)))
              })
          }
        }
        return router
      }
    }
  }

  private static let narrow = ServerConfiguration(workers: 1, backlog: 1)

  @Test func quickRoutesAnswerWhileTheLaneIsHeld() throws {
    let world = World()
    try TestServer.run(world.router, configuration: Self.narrow) { port, _ in
      let slow = try (0..<3).map { number in
        let client = try RawClient(port: port)
        try client.send("GET /slow/\(number) HTTP/1.1\r\nHost: a\r\n\r\n")
        if number == 0 { #expect(world.entered.wait()) }
        return client
      }
      while world.lane.statistics.waiting < 2 { sched_yield() }
      let quick = try RawClient(port: port)
      for number in 0..<50 {
        #expect(try quick.get("/hello/\(number)").text == "hello \(number)")
      }
      let refused = try quick.get("/slow/3")
      #expect(refused.status == 503)
      #expect(refused["Retry-After"] == "7")
      #expect(refused.text.contains("busy"))
      for _ in slow { world.release.set() }
      for (number, client) in slow.enumerated() {
        #expect(try client.reply().text == "slow \(number)")
        #expect(try client.get("/hello/a").status == 200, "the connection is kept")
      }
    }
  }

  @Test func aClientThatLeavesTakesItsWorkAlong() throws {
    let world = World()
    try TestServer.run(world.router, configuration: Self.narrow) { port, _ in
      var running: RawClient? = try RawClient(port: port)
      try running?.send("GET /slow/a HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(world.entered.wait())
      var waiting: RawClient? = try RawClient(port: port)
      try waiting?.send("GET /slow/b HTTP/1.1\r\nHost: a\r\n\r\n")
      while world.lane.statistics.waiting < 1 { sched_yield() }
      waiting = nil
      while world.lane.statistics.cancelled < 1 { sched_yield() }
      #expect(world.lane.statistics.waiting == 0)
      running = nil
      while world.lane.statistics.cancelled < 2 { sched_yield() }
      world.release.set()
      #expect(world.cancelled.wait(), "work under way is told")
    }
  }

  @Test func whatIsUnderWayIsAnsweredWhileTheServerDrains() throws {
    let world = World()
    try TestServer.run(world.router) { port, server in
      let client = try RawClient(port: port)
      try client.send("GET /slow/a HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(world.entered.wait())
      let drained = Signal()
      Thread.detachNewThread {
        if server.drain(deadline: .seconds(20)) { drained.set() }
      }
      while !server.isDraining { sched_yield() }
      world.release.set()
      #expect(try client.reply().text == "slow a")
      client.finishSending()
      #expect(drained.wait())
    }
  }

  @Test func theEndOfTheDrainEndsTheWaiting() throws {
    let world = World()
    try TestServer.run(world.router) { port, server in
      let client = try RawClient(port: port)
      try client.send("GET /slow/a HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(world.entered.wait())
      #expect(!server.drain(deadline: .milliseconds(10)))
      #expect(server.connectionCount == 0)
      world.release.set()
      #expect(world.cancelled.wait())
    }
  }

  @Test func requestsThatFollowAreAnsweredInOrder() throws {
    let world = World()
    try TestServer.run(world.router) { port, _ in
      let client = try RawClient(port: port)
      let paths = [
        "/slow/1", "/hello/2", "/twice", "/fails", "/pulled/10", "/pulled/1000000", "/x",
      ]
      try client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
      #expect(world.entered.wait())
      world.release.set()
      #expect(try client.reply().text == "slow 1")
      #expect(try client.reply().text == "hello 2")
      #expect(try client.reply().text == "at last")
      let failed = try client.reply()
      #expect(failed.status == 409 && failed.text.contains("taken"))
      #expect(try client.reply().body.count == 10)
      #expect(try client.reply().body.count == 1_000_000)
      #expect(try client.reply().status == 404)
      try client.send("HEAD /twice HTTP/1.1\r\nHost: a\r\n\r\n")
      let head = try client.reply(isHead: true)
      #expect(head.status == 200 && head["Content-Length"] == "7")
    }
  }

  @Test func withoutAConnectionTheAnswerIsWaitedFor() throws {
    let response = try World().router.respond(to: Request(method: .get, target: "/twice"))
    guard case .bytes(let bytes) = response.body else {
      Issue.record("no body")
      return
    }
    #expect(bytes == Array("at last".utf8))
  }
}
