import Foundation
import HTTPServer
import Synchronization
import Testing

@Suite struct WorkLaneTests {
  /// Time that passes when the test says so.
  private final class Clock: Sendable {
    private let nanoseconds = Atomic<UInt64>(1)

    var now: UInt64 { nanoseconds.load(ordering: .sequentiallyConsistent) }

    func pass(_ seconds: UInt64) {
      nanoseconds.add(seconds * 1_000_000_000, ordering: .sequentiallyConsistent)
    }
  }

  /// Work that begins, and ends when it is told to.
  private final class Gate: Sendable {
    let entered = Signal()
    let release = Signal()

    func pass(_ value: Int = 0) -> Int {
      entered.set()
      release.wait()
      return value
    }
  }

  /// What came of a piece of work.
  private final class Result: Sendable {
    let told = Signal()
    private let values = Mutex<[Swift.Result<Int, any Error>]>([])

    func take(_ result: Swift.Result<Int, any Error>) {
      values.withLock { $0.append(result) }
      told.set()
    }

    var count: Int { values.withLock { $0.count } }
    var value: Int? { values.withLock { try? $0.first?.get() } }
    var problem: ProblemDetails? {
      values.withLock {
        if case .failure(let error) = $0.first { error as? ProblemDetails } else { nil }
      }
    }
  }

  private func unexpected(_ why: Comment) -> Int {
    Issue.record(why)
    return 0
  }

  private static let busy = ProblemDetails(
    .serviceUnavailable, code: "busy", detail: "Too much is under way.", retryAfter: 3)

  private func lane(
    running: Int = 1, waiting: Int = 1, nice: Int = 0, clock: Clock = Clock()
  ) -> WorkLane {
    WorkLane(
      "test",
      .init(running: running, waiting: waiting, deadline: .seconds(3600), nice: nice),
      busy: Self.busy
    ) { clock.now }
  }

  @Test func workBeyondTheBoundsIsRefusedAtOnce() {
    let lane = lane()
    let gate = Gate()
    let (first, second, third) = (Result(), Result(), Result())
    lane.submit({ _ in gate.pass(1) }, completion: first.take)
    #expect(gate.entered.wait())
    lane.submit({ _ in 2 }, completion: second.take)
    lane.submit({ _ in 3 }, completion: third.take)
    #expect(third.problem == Self.busy)
    #expect(lane.statistics == .init(running: 1, waiting: 1, refused: 1))
    gate.release.set()
    #expect(first.told.wait() && second.told.wait())
    #expect(first.value == 1 && second.value == 2)
    let fourth = Result()
    lane.submit({ _ in 4 }, completion: fourth.take)
    #expect(fourth.told.wait())
    #expect(fourth.value == 4)
  }

  @Test func partiesTakeTurnsAndNoneTakesAllPlaces() {
    let lane = lane(running: 1, waiting: 8)
    let gate = Gate()
    let order = Mutex<[String]>([])
    let first = Result()
    lane.submit(for: "eve", { _ in gate.pass() }, completion: first.take)
    #expect(gate.entered.wait())
    func submit(_ party: String, _ name: String) -> Result {
      let result = Result()
      lane.submit(
        for: party,
        { _ in
          order.withLock { $0.append(name) }
          return 0
        }, completion: result.take)
      return result
    }
    // Half of the places, and no more.
    let eves = (1...6).map { submit("eve", "eve \($0)") }
    #expect(eves.map { $0.problem == nil } == [true, true, true, true, false, false])
    let others = [submit("ann", "ann 1"), submit("bob", "bob 1"), submit("ann", "ann 2")]
    gate.release.set()
    for result in eves.prefix(4) + others { #expect(result.told.wait()) }
    #expect(
      order.withLock { $0 }
        == ["eve 1", "ann 1", "bob 1", "eve 2", "ann 2", "eve 3", "eve 4"])
    #expect(lane.stop(deadline: .seconds(20)))
  }

  @Test func whatAPartyGivesUpIsNobodysTurn() {
    let lane = lane(running: 1, waiting: 8)
    let gate = Gate()
    let (first, dropped, next) = (Result(), Result(), Result())
    lane.submit(for: "eve", { _ in gate.pass() }, completion: first.take)
    #expect(gate.entered.wait())
    let turn = lane.submit(for: "ann", { _ in unexpected("given up") }, completion: dropped.take)
    lane.submit(for: "bob", { _ in 5 }, completion: next.take)
    turn.cancel()
    #expect(lane.statistics.waiting == 1)
    gate.release.set()
    #expect(next.told.wait())
    #expect(next.value == 5)
    #expect(lane.stop(deadline: .seconds(20)))
  }

  /// Whoever has the answer may ask again at once: nothing of the first one is in the way.
  @Test func anAnswerLeavesItsPlaceFree() {
    let lane = lane(running: 1, waiting: 0)
    let (first, second) = (Result(), Result())
    lane.submit({ _ in 1 }) { outcome in
      lane.submit({ _ in 2 }, completion: second.take)
      first.take(outcome)
    }
    #expect(first.told.wait() && second.told.wait())
    #expect(first.value == 1 && second.value == 2)
    #expect(lane.statistics.refused == 0)
    #expect(lane.stop(deadline: .seconds(20)))
  }

  @Test func whatIsGivenUpLeavesItsPlaceFree() {
    let lane = lane(running: 1, waiting: 1)
    let gate = Gate()
    let (running, dropped, next) = (Result(), Result(), Result())
    lane.submit({ _ in gate.pass(1) }, completion: running.take)
    #expect(gate.entered.wait())
    let turn = lane.submit({ _ in unexpected("it was dropped") }) { outcome in
      lane.submit({ _ in 2 }, completion: next.take)
      dropped.take(outcome)
    }
    turn.cancel()
    gate.release.set()
    #expect(running.told.wait() && dropped.told.wait() && next.told.wait())
    #expect(next.value == 2)
  }

  @Test func asMuchRunsAtOnceAsTheLaneMay() {
    let lane = lane(running: 3, waiting: 0)
    let gates = (0..<3).map { _ in Gate() }
    let results = (0..<3).map { _ in Result() }
    for (gate, result) in zip(gates, results) {
      lane.submit({ _ in gate.pass() }, completion: result.take)
    }
    for gate in gates { #expect(gate.entered.wait()) }
    let refused = Result()
    lane.submit({ _ in 0 }, completion: refused.take)
    #expect(refused.problem?.code == "busy")
    for gate in gates { gate.release.set() }
    for result in results { #expect(result.told.wait()) }
  }

  @Test func waitingAndWorkHaveOneDeadline() {
    let clock = Clock()
    let lane = lane(clock: clock)
    let gate = Gate()
    let ended = Signal()
    let (running, waiting) = (Result(), Result())
    let turn = lane.submit(
      { turn in
        defer { ended.set() }
        _ = gate.pass()
        try turn.check()
        return 1
      }, completion: running.take)
    lane.submit({ _ in unexpected("its time was up") }, completion: waiting.take)
    #expect(gate.entered.wait())
    lane.expire()
    #expect(running.count + waiting.count == 0)
    clock.pass(3600)
    lane.expire()
    #expect(running.problem == Self.busy)
    #expect(waiting.problem == Self.busy)
    #expect(turn.isCancelled)
    #expect(lane.statistics == .init(running: 1, expired: 2))
    gate.release.set()
    #expect(ended.wait())
    #expect(lane.stop(deadline: .seconds(20)))
    #expect(running.count == 1, "told once")
  }

  @Test func whatNobodyWantsIsDroppedOrAskedToEnd() {
    let lane = lane()
    let gate = Gate()
    let sawEnd = Signal()
    let (running, waiting) = (Result(), Result())
    let first = lane.submit(
      { turn in
        _ = gate.pass()
        if turn.isCancelled { sawEnd.set() }
        return 1
      }, completion: running.take)
    #expect(gate.entered.wait())
    let second = lane.submit(
      { _ in unexpected("it was dropped") }, completion: waiting.take)
    second.cancel()
    #expect(waiting.problem?.code == "cancelled")
    #expect(lane.statistics.waiting == 0)
    first.cancel()
    first.cancel()
    #expect(running.problem?.code == "cancelled")
    gate.release.set()
    #expect(sawEnd.wait())
    #expect(lane.stop(deadline: .seconds(20)))
    #expect(running.count == 1 && waiting.count == 1)
    #expect(lane.statistics.cancelled == 2)
  }

  @Test func aLaneThatStopsTakesNothing() {
    let lane = lane()
    let gate = Gate()
    let (running, waiting, late) = (Result(), Result(), Result())
    lane.submit({ _ in gate.pass(1) }, completion: running.take)
    #expect(gate.entered.wait())
    lane.submit({ _ in 2 }, completion: waiting.take)
    #expect(!lane.stop(deadline: .zero), "work is under way")
    lane.submit({ _ in 3 }, completion: late.take)
    for result in [running, waiting, late] { #expect(result.problem?.code == "cancelled") }
    gate.release.set()
    #expect(lane.stop(deadline: .seconds(20)))
  }

  @Test func aFailureIsToldAsItIs() {
    struct Broken: Error {}
    let result = Result()
    let told = Signal()
    let lane = lane()
    lane.submit({ _ -> Int in throw Broken() }) { outcome in
      if case .failure(is Broken) = outcome { told.set() }
      result.take(outcome)
    }
    #expect(told.wait())
    #expect(result.problem == nil)
  }

  @Test func itsThreadsStandBack() {
    let result = Result()
    let lane = lane(nice: 7)
    lane.submit(
      { _ in
        // proc(5): the nice value is the 19th field, the 17th behind the name.
        let line = try String(contentsOfFile: "/proc/thread-self/stat", encoding: .utf8)
        return line.split(separator: ")").last?.split(separator: " ").dropFirst(16).first
          .flatMap { Int($0) } ?? -1
      }, completion: result.take)
    #expect(result.told.wait())
    #expect(result.value == 7)
  }
}
