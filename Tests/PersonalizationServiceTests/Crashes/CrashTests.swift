import Foundation
import Randomness
import ServiceAPI
import TestSupport
import Testing

/// Kills the built server and looks at what is left. `CRISP_KILLS=200` makes it at least that many
/// kills (`make crash-test`); without it there are a few.
@Suite(.serialized) struct CrashTests {
  private static let kills =
    ProcessInfo.processInfo.environment["CRISP_KILLS"].flatMap { Int($0) } ?? 9

  /// SIGKILL when a thread of the server makes its n-th call of a kind, before the call is carried
  /// out: at every sync for all n there are (`fdatasync` ends each commit), and within commits.
  @Test(arguments: [("fdatasync,fsync", 40, 1), ("pwrite64", 20, 7)])
  func killedAtTheNthCall(calls: String, percent: Int, step: Int) throws {
    let budget = max(2, Self.kills * percent / 100)
    // Few kills are spread, many are without gaps.
    let stride = Self.kills < 100 ? step * 11 : step
    var kills = 0
    while kills < budget {
      let number = 1 + kills * stride
      guard try Self.survives(killAt: number, of: calls) else { break }
      kills += 1
    }
    #expect(kills > 1)
    print(
      "crash test: \(kills) kills at \(calls), every \(stride)th up to \(1 + (kills - 1) * stride)")
  }

  /// - Returns: Whether there was a kill.
  private static func survives(killAt number: Int, of calls: String) throws -> Bool {
    let world = try CrashWorld()
    let promises = Promises()
    var script = CrashScript(CrashClient(promises: promises), name: "\(number)")
    // -D: the tracer is the grandchild, so that the child is the server itself.
    let wrapper = [
      "/usr/bin/strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(calls)", "-e",
      "inject=\(calls):signal=KILL:when=\(number)",
    ]
    do {
      let server = try ServerProcess(database: world.database, wrapper: wrapper)
      let end: (reason: Process.TerminationReason, status: Int32)
      do {
        try script.run(server.client)
        end = try server.end(with: SIGTERM)
      } catch is HTTPClient.Failure {
        end = try server.waitForEnd()
      }
      if end.reason == .exit, end.status == 0 { return false }
      #expect(end.reason == .uncaughtSignal && end.status == SIGKILL, "\(number): \(end)")
    } catch let early as ServerProcess.EndedEarly {
      #expect(early.reason == .uncaughtSignal && early.status == SIGKILL, "\(number): \(early)")
    }
    #expect(try world.faults() == [], "\(calls) \(number)")
    let next = try ServerProcess(database: world.database)
    #expect(try promises.broken(next.client) == [], "\(calls) \(number)")
    try script.run(next.client)
    #expect(try promises.broken(next.client) == [], "\(calls) \(number)")
    #expect(try next.end(with: SIGTERM).status == 0)
    #expect(try world.faults() == [], "\(calls) \(number)")
    #expect(try world.remains(of: promises.deletedUsers) == [], "\(calls) \(number)")
    return true
  }

  /// SIGKILL at random times while clients ask, cancel, download and delete.
  @Test func killedAtRandomTimesUnderLoad() throws {
    let kills = max(3, Self.kills * 60 / 100)
    let world = try CrashWorld()
    let promises = Promises()
    let fleet = Fleet()
    let group = DispatchGroup()
    let errors = Findings()
    for number in 0..<3 {
      DispatchQueue(label: "client-\(number)").async(group: group) {
        do {
          try Self.live(as: number, CrashClient(promises: promises), fleet)
        } catch {
          errors.add("client \(number): \(error)")
        }
      }
    }
    var generator = SeededGenerator(seed: 20_261_125)
    for kill in 1...kills {
      let server = try ServerProcess(database: world.database)
      fleet.present(server.client)
      #expect(try promises.broken(server.client, sample: 40) == [], "before kill \(kill)")
      usleep(UInt32.random(in: 0..<1_200_000, using: &generator))
      let end = try server.end(with: SIGKILL)
      #expect(end.reason == .uncaughtSignal && end.status == SIGKILL)
      #expect(try world.faults() == [], "after kill \(kill)")
    }
    let last = try ServerProcess(database: world.database)
    fleet.end()
    fleet.present(last.client)
    group.wait()
    #expect(errors.all == [])
    // All jobs end.
    var ends: [String: Int] = [:]
    let client = CrashClient(promises: promises)
    for request in promises.requests {
      try client.finish(request.key, last.client)
      ends[try last.jobs.job(request.job).status, default: 0] += 1
    }
    #expect(try promises.broken(last.client) == [])
    #expect(try last.end(with: SIGTERM).status == 0)
    #expect(try world.faults() == [])
    #expect(try world.remains(of: promises.deletedUsers) == [])
    print(
      "crash test: \(kills) kills at random times; \(promises.requests.count) acknowledged requests "
        + "are there, their jobs \(ends.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }), "
        + "\(promises.deletedUsers.count) users deleted without trace")
  }

  /// One client's life: asks for something new or for what others asked for, then waits, cancels, or
  /// leaves for good.
  private static func live(as number: Int, _ client: CrashClient, _ fleet: Fleet) throws {
    var generator = SeededGenerator(seed: UInt64(number), stream: "client")
    var round = 0
    while !fleet.isEnding {
      round += 1
      let user = "user \(number) of life \(round / 4) é"
      let key = "\(number)-\(round)"
      // Some ask for what others ask for; those do not cancel.
      let isShared = Int.random(in: 0..<3, using: &generator) == 0
      let body = JobBody.body(seed: isShared ? round : 1_000_000 + round * 3 + number)
      try fleet.insist { try client.submit(key, user: user, body: body, $0) }
      if !isShared, Int.random(in: 0..<5, using: &generator) == 0 {
        try fleet.insist { try client.cancel(key, $0) }
      }
      if Bool.random(using: &generator) { try fleet.insist { try client.finish(key, $0) } }
      if round % 4 == 3, Bool.random(using: &generator) {
        try fleet.insist { try client.delete(user, $0) }
      }
    }
  }
}

/// What threads found wrong.
private final class Findings: @unchecked Sendable {
  private let lock = NSLock()
  private var texts: [String] = []

  var all: [String] { lock.withLock { texts } }
  func add(_ text: String) { lock.withLock { texts.append(text) } }
}
