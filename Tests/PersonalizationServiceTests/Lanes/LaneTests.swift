import Dispatch
import Foundation
import Glibc
import HTTPServer
import ModelFormats
import PersonalizationService
import Pruning
import ServiceAPI
import SparseRuntime
import Synchronization
import TestSupport
import Testing

/// Slow work beside quick requests. Nothing here waits for time to pass: work is held at gates.
@Suite struct LaneTests {
  /// Work that is held until it is let go.
  private final class Gate: Sendable {
    let entered = DispatchSemaphore(value: 0)
    private let release = DispatchSemaphore(value: 0)
    let count = Atomic<Int>(0)

    func pass() {
      count.add(1, ordering: .sequentiallyConsistent)
      entered.signal()
      _ = release.wait(timeout: .now() + 60)
      release.signal()
    }

    /// For all, now and later.
    func open() { release.signal() }

    func waitUntilEntered() -> Bool { entered.wait(timeout: .now() + 30) == .success }
  }

  private static let milliseconds = JobBody.body(and: ["target": ["latency_ms": 1000]])

  private func predict(_ server: TestService, _ model: String) throws -> HTTPClient.Reply {
    let pixels = [UInt8](repeating: 9, count: 64)
    return try server.client.send(
      "POST", "/models/\(model)/predictions", fields: [("Content-Type", "image/png")],
      body: Data(Pictures.png(width: 8, height: 8, channels: 1, pixels: pixels)))
  }

  @Test func quickRequestsAreAnsweredWhileEveryLaneIsFull() throws {
    let server = try TestService()
    let job = try server.jobs.wait(server.jobs.submit().id)
    let model = try #require(job.resultModel)
    let gate = Gate()
    defer { gate.open() }
    func fill(_ lane: WorkLane) {
      for _ in 0..<lane.bounds.running {
        lane.submit({ _ in gate.pass() }) { _ in }
        #expect(gate.waitUntilEntered())
      }
      for _ in 0..<lane.bounds.waiting { lane.submit({ _ in }) { _ in } }
    }
    let lists = server.service.lanes.lists
    for lane in server.service.lanes.all where lane !== lists { fill(lane) }
    for target in [
      "/readyz", "/jobs/\(job.id)", "/jobs", "/models/\(model)", "/models/\(model)/card",
      "/users/ada", "/base-models", "/", "/metrics",
    ] {
      #expect(try server.client.get(target).status == 200, "\(target)")
    }
    fill(lists)
    for target in ["/readyz", "/jobs/\(job.id)", "/models/\(model)", "/models/\(model)/card"] {
      #expect(try server.client.get(target).status == 200, "\(target)")
    }
    for (reply, code) in [
      (try server.client.get("/jobs"), "overloaded"),
      (try predict(server, model), "predictions_busy"),
      (try server.client.get("/models/\(model)?format=onnx"), "conversions_busy"),
      (try server.client.post("/users/ada/classes", JobBody.quick), "overloaded"),
    ] {
      #expect(reply.status == 503)
      #expect(reply.code == code)
      #expect(reply["Retry-After"] != nil)
    }
    let scrape = try server.client.get("/metrics").text
    #expect(scrape.contains("crisp_lane_refused_total{lane=\"predictions\"} 1"))
    gate.open()
    // Places are free again once what waited has been done.
    while server.service.lanes.all.contains(where: { $0.statistics.waiting > 0 }) { sched_yield() }
    #expect(try predict(server, model).status == 200)
    #expect(try server.client.get("/models/\(model)?format=onnx").status == 200)
    #expect(try server.client.post("/users/ada/classes", JobBody.quick).status == 200)
  }

  /// A service that is measured at a gate.
  private func measured(_ gate: Gate, patience: Duration = .seconds(60)) throws -> TestService {
    try TestService { configuration in
      configuration.measurementPatience = patience
      configuration.measure = { model, pattern in
        gate.pass()
        return try DeviceProfile.measure(
          name: "this server", model: model, pattern: pattern, threads: 1, rounds: 1)
      }
    }
  }

  @Test func aMeasurementHoldsUpOnlyWhoNeedsIt() throws {
    let gate = Gate()
    defer { gate.open() }
    let server = try measured(gate)
    let ids = Mutex<[String]>([])
    let group = DispatchGroup()
    for _ in 0..<3 {
      group.enter()
      Thread.detachNewThread { [jobs = server.jobs] in
        let id = try? jobs.submit(Self.milliseconds).id
        ids.withLock { $0.append(id ?? "none") }
        group.leave()
      }
    }
    #expect(gate.waitUntilEntered())
    #expect(try server.client.get("/readyz").status == 200)
    let other = try server.jobs.submit(JobBody.quick, user: "grace")
    #expect(try server.jobs.wait(other.id).status == "succeeded")
    #expect(ids.withLock { $0.isEmpty })
    gate.open()
    #expect(group.wait(timeout: .now() + 60) == .success)
    #expect(ids.withLock { Set($0).count == 1 && $0[0] != "none" }, "one job, for all three")
    #expect(gate.count.load(ordering: .sequentiallyConsistent) == 1, "measured once")
  }

  @Test func whoHasWaitedLongEnoughIsToldAndTheMeasurementIsKept() throws {
    let gate = Gate()
    defer { gate.open() }
    let server = try measured(gate, patience: .zero)
    for _ in 0..<3 {
      let reply = try server.client.post("/users/ada/classes", Self.milliseconds)
      #expect(reply.status == 503)
      #expect(reply.code == "device_being_measured")
      #expect(reply["Retry-After"] == "10")
    }
    #expect(gate.waitUntilEntered())
    gate.open()
    while server.service.lanes.all.contains(where: { $0.statistics.running > 0 }) { sched_yield() }
    #expect(try server.jobs.submit(Self.milliseconds).recipe["device"]?["name"] == "this server")
    #expect(gate.count.load(ordering: .sequentiallyConsistent) == 1)
  }

  /// A pipe stands where a file of the data set was: whoever opens it waits for the other end.
  @Test func requestsAreAcceptedWhileADataSetIsLoaded() throws {
    let server = try TestService()
    let data = server.folder.file("data")
    let file = try #require(
      FileManager.default.contentsOfDirectory(atPath: data).sorted().first { $0.contains("images") }
    )
    let path = "\(data)/\(file)"
    try FileManager.default.removeItem(atPath: path)
    #expect(mkfifo(path, 0o600) == 0)
    let first = try server.jobs.submit()
    try server.jobs.waitForEvent("started", of: first.id)
    let second = try server.client.post("/users/grace/classes", JobBody.long(seed: 7))
    #expect(second.status == 202)
    #expect(try server.jobs.job(first.id).status == "running", "or nothing was being loaded")
    // Both jobs may load it: each finds an empty file and fails.
    let end = open(path, O_RDWR | O_NONBLOCK)
    try FileManager.default.removeItem(atPath: path)
    close(end)
    #expect(try server.jobs.wait(first.id).status == "failed")
  }

  /// All that touches the database in a life of a server, and where it runs.
  @Test func noEventLoopReadsTheDatabase() throws {
    let (onLoops, elsewhere) = (Counter(), Counter())
    let server = try TestService { configuration in
      configuration.onStoreAccess = { (EventLoop.isCurrent ? onLoops : elsewhere).add() }
    }
    // Longer than what is taken without a look at who sends it.
    let body = Data(try JSONEncoder().encode(JobBody.quick) + Array(repeating: 32, count: 100_000))
    let posted = try server.client.send(
      "POST", "/users/ada/classes", fields: [("Content-Type", "application/json")], body: body)
    #expect(posted.status == 202)
    let job: JobResource = try posted.decode()
    let stream = try server.client.get(
      "/jobs/\(job.id)/events", fields: [("Accept", "text/event-stream")])
    #expect(stream.text.contains("event: end"))
    let model = try #require(try server.jobs.wait(job.id).resultModel)
    #expect(try predict(server, model).status == 200)
    for target in [
      "/", "/readyz", "/metrics", "/jobs", "/models", "/models/\(model)",
      "/models/\(model)?format=safetensors", "/models/\(model)/card", "/users/ada",
      "/page/jobs", "/healthz", "/api/models/\(model)",
    ] {
      #expect(try server.client.get(target).status == 200, "\(target)")
    }
    let refused = try server.client.send(
      "POST", "/models/model_0000000000000000/predictions",
      fields: [("Content-Type", "image/png")], body: Data(repeating: 0, count: 100_000))
    #expect(refused.status == 404)
    #expect(elsewhere.value > 20)
    #expect(onLoops.value == 0)
  }

  private final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .sequentiallyConsistent) }

    func add() { count.add(1, ordering: .sequentiallyConsistent) }
  }
}
