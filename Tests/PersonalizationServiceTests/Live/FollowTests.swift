import Foundation
import HTTPServer
import HTTPTypes
import Logging
import PersonalizationClient
import ServiceAPI
import Synchronization
import Testing

/// The client library against servers that misbehave as networks and operators do.
@Suite struct FollowTests {
  /// A server with these routes for the length of a closure.
  private func serve(
    _ router: Router, _ body: (ServiceClient) async throws -> Void
  ) async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let server = HTTPServer(router: router, logger: logger)
    let port = try server.start().port
    try await body(ServiceClient(server: "http://127.0.0.1:\(port)"))
    server.drain(deadline: .seconds(5))
  }

  /// What a proxy in between sends elsewhere was not done; only a server that hands a file over names its
  /// digest with the address.
  @Test func onlyFilesThatAreHandedOverAreFollowed() async throws {
    var router = Router()
    router.on(.get, "/elsewhere") { _, _ in .text(.ok, "{}") }
    for method in [HTTPRequest.Method.get, .delete] {
      router.on(method, "/models/{id}") { _, _ in
        Response(.temporaryRedirect, headers: [.location: "/elsewhere"])
      }
    }
    try await serve(router) { client in
      let deletion = await #expect(throws: ClientError.self) {
        try await client.delete(model: "model_1")
      }
      #expect(deletion?.description.contains("307") == true, "\(String(describing: deletion))")
      await #expect(throws: ClientError.self) {
        try await client.download("model_1", to: "/dev/null/none")
      }
    }
  }

  private static func job(_ status: String, fraction: Double = 0) -> JobResource {
    JobResource(
      id: "job_1", user: "ada", status: status, priority: "normal", createdAt: 0, startedAt: 0,
      finishedAt: nil,
      progress: JobResource.Progress(
        stage: "pruning", iteration: 1, of: 2, epoch: 1, sparsity: 0.5, accuracy: nil, loss: nil,
        fraction: fraction),
      estimatedFinish: nil, attempt: 1, error: nil,
      resultModel: status == "succeeded" ? "model_1" : nil, baseModel: "b", classes: .null,
      recipe: .null, seed: 0, metadata: .null)
  }

  /// The stream of a whole job, event by event.
  private static func script(lines: Int) throws -> [(id: Int, bytes: [UInt8])] {
    func event(_ type: String, id: Int?, _ value: some Encodable) throws -> [UInt8] {
      let json = String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
      return ServerSentEvent(id: id.map(String.init), event: type, data: json, retry: 1).bytes
    }
    var script: [(id: Int, bytes: [UInt8])] = []
    for id in 1...lines {
      let line = JobEventResource(
        id: Int64(id), createdAt: 0, level: "info", type: "iteration", message: "line \(id)",
        data: .null)
      script.append((id, try event("log", id: id, line)))
      let state = job("running", fraction: Double(id) / Double(lines))
      script.append((id, try event("progress", id: nil, state)))
    }
    script.append((lines, try event("end", id: nil, job("succeeded", fraction: 1))))
    return script
  }

  /// Each connection brings `count` events and is cut.
  private func followCut(after count: Int) async throws -> (lines: [Int64], tries: [String]) {
    let script = try Self.script(lines: 5)
    let tries = Mutex<[String]>([])
    var router = Router()
    router.on(.get, "/jobs/{job}/events") { request, _ in
      let name = try #require(HTTPField.Name("Last-Event-ID"))
      let last = request.headers[name] ?? ""
      tries.withLock { $0.append(last) }
      let position = Int(last) ?? 0
      let rest = script.filter { $0.id > position || $0.bytes == script.last?.bytes }
      return Response(
        .ok, headers: [.contentType: "text/event-stream"],
        body: .live(CutBody(rest.prefix(count).map(\.bytes), isWhole: rest.count <= count)))
    }
    var lines: [Int64] = []
    try await serve(router) { client in
      let job = try await client.follow(
        Self.job("queued"), log: { lines.append($0.id) }, report: { _ in })
      #expect(job.status == "succeeded")
    }
    return (lines, tries.withLock { $0 })
  }

  @Test(arguments: 1...4) func cutStreamsGoOnWhereTheyWere(count: Int) async throws {
    let (lines, tries) = try await followCut(after: count)
    #expect(lines == [1, 2, 3, 4, 5])
    #expect(tries.count > 1)
    #expect(tries.first == "")
    #expect(tries.dropFirst().allSatisfy { Int($0) != nil })
  }

  @Test func wholeStreamNeedsOneConnection() async throws {
    let (lines, tries) = try await followCut(after: 100)
    #expect(lines == [1, 2, 3, 4, 5])
    #expect(tries == [""])
  }

  /// Servers without event streams: those that refuse them, and those that do not look at Accept.
  @Test(arguments: [406, 404, 200]) func olderServersAreAskedAtIntervals(status: Int) async throws {
    let states = Mutex(["queued", "running", "succeeded"])
    var router = Router()
    router.on(.get, "/jobs/{job}/events") { _, _ in
      if status == 200 { return try .json(.ok, ListResource<JobEventResource>([])) }
      throw ProblemDetails(HTTPResponse.Status(integerLiteral: status), code: "x")
    }
    router.on(.get, "/jobs/{job}") { _, _ in
      try .json(.ok, Self.job(states.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }))
    }
    try await serve(router) { client in
      var seen: [String] = []
      _ = try await client.follow(Self.job("queued"), every: .milliseconds(1)) {
        seen.append($0.status)
      }
      #expect(seen == ["queued", "queued", "running", "succeeded"])
    }
  }

  @Test func busyServersAreAskedLater() async throws {
    let busy = Mutex(2)
    var router = Router()
    router.on(.get, "/jobs/{job}") { _, _ in
      try busy.withLock { left in
        left -= 1
        if left >= 0 {
          throw ProblemDetails(
            left == 0 ? .tooManyRequests : .serviceUnavailable, code: "busy", retryAfter: 0)
        }
      }
      return try .json(.ok, Self.job("running"))
    }
    router.on(.get, "/jobs/{job}/events") { _, _ in
      try busy.withLock { left in
        left -= 1
        if left == -2 {
          throw ProblemDetails(.serviceUnavailable, code: "overloaded", retryAfter: 0)
        }
      }
      let bytes = try Self.script(lines: 1).flatMap(\.bytes)
      return Response(.ok, headers: [.contentType: "text/event-stream"], body: .bytes(bytes))
    }
    try await serve(router) { client in
      let job = try await client.job("job_1")
      #expect(job.status == "running")
      #expect(try await client.follow(job, report: { _ in }).status == "succeeded")
    }
    #expect(busy.withLock { $0 } == -3)
  }

  @Test func refusalsAreToldAsTheyAre() async throws {
    var router = Router()
    router.on(.get, "/jobs/{job}/events") { _, _ in
      throw ProblemDetails(.unauthorized, code: "token_needed", detail: "send a token")
    }
    try await serve(router) { client in
      let error = await #expect(throws: ClientError.self) {
        try await client.follow(Self.job("queued"), report: { _ in })
      }
      #expect(error?.code == "token_needed")
    }
  }
}

/// Parts that are there from the start, and an end that may come too early.
private final class CutBody: LiveBody {
  let idleInterval: Duration = .seconds(60)
  let idleBytes: [UInt8] = []
  private let parts: Mutex<[[UInt8]]>
  private let isWhole: Bool

  init(_ parts: [[UInt8]], isWhole: Bool) {
    self.parts = Mutex(parts)
    self.isWhole = isWhole
  }

  func start(wake: @escaping @Sendable () -> Void) {}

  func next() throws -> LivePart {
    try parts.withLock { parts in
      if !parts.isEmpty { return .bytes(parts.removeFirst()) }
      if isWhole { return .end }
      throw CancellationError()
    }
  }

  func stop() {}
}
