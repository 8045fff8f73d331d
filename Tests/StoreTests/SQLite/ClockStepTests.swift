import Foundation
import SQLiteStore
import Store
import TestSupport
import Testing

/// Somebody sets the clock while workers work and things are kept.
@Suite struct ClockStepTests {
  let folder: TemporaryFolder
  let clock = TestClock()
  let store: SQLiteStore
  let fixture: Fixture

  static let steps: [TimeInterval] = [120, -120, 86_400, -86_400]

  init() throws {
    folder = try TemporaryFolder()
    store = try SQLiteStore(path: folder.file("crisp.sqlite"), clock: clock.store)
    fixture = try Fixture(store: store, clock: clock, lifetime: folder)
  }

  @Test(arguments: steps) func aLiveWorkerKeepsItsJob(step: TimeInterval) throws {
    try fixture.submit("ada", "bags")
    let job = try #require(try fixture.claim("w1", lease: 30))
    clock.step(step)
    #expect(try fixture.claim("w2") == nil)
    clock.advance(29.999)
    #expect(try fixture.claim("w2") == nil)
    _ = try store.heartbeat(job.id, attempt: job.attempt, worker: "w1", lease: 30)
    clock.step(-2 * step)
    clock.advance(29.999)
    #expect(try fixture.claim("w2") == nil)
  }

  @Test(arguments: steps) func aDeadWorkerLosesItInTime(step: TimeInterval) throws {
    try fixture.submit("ada", "bags")
    let job = try #require(try fixture.claim("w1", lease: 30))
    clock.step(step)
    clock.advance(30)
    let next = try #require(try fixture.claim("w2"))
    #expect(next.id == job.id && next.attempt == 2 && next.deaths == 1)
  }

  /// Another process of the same start of the machine.
  @Test(arguments: steps) func processesAgree(step: TimeInterval) throws {
    try fixture.submit("ada", "bags")
    _ = try #require(try fixture.claim("w1", lease: 30))
    clock.step(step)
    let other = try SQLiteStore(path: store.path, clock: clock.store)
    #expect(try other.claim(worker: "w2", lease: 30) == nil)
    clock.advance(30)
    #expect(try other.claim(worker: "w2", lease: 30) != nil)
  }

  @Test(arguments: steps) func whatAServerRecoversIsFreeAtOnce(step: TimeInterval) throws {
    try fixture.submit("ada", "bags")
    _ = try #require(try fixture.claim("w1", lease: 30))
    #expect(try store.recoverAll().count == 1)
    clock.step(step)
    #expect(try fixture.claim("w2") != nil)
  }

  @Test func afterANewStartTheTimeOfDayDecides() throws {
    try fixture.submit("ada", "bags")
    _ = try #require(try fixture.claim("w1", lease: 30))
    clock.reboot()
    let other = try SQLiteStore(path: store.path, clock: clock.store)
    #expect(try other.claim(worker: "w2", lease: 30) == nil)
    clock.advance(30)
    #expect(try other.claim(worker: "w2", lease: 30) != nil)
  }

  @Test(arguments: [120.0, 86_400]) func aStepForwardDeletesNothingEarly(step: TimeInterval) throws
  {
    let blob = try store.put(Data("not referred to yet".utf8))
    let job = try fixture.submit("ada", "bags", key: "once").job
    clock.advance(1)
    clock.step(step)
    #expect(try store.collectGarbage(olderThan: 100) == [])
    #expect(try store.expireIdempotencyKeys(olderThan: 100) == 0)
    #expect(try store.blob(blob.digest) != nil)
    #expect(try fixture.submit("ada", "bags", key: "once").job.id == job.id)
    clock.advance(99)
    #expect(try store.expireIdempotencyKeys(olderThan: 100) == 1)
    #expect(try store.collectGarbage(olderThan: 100) == [blob])
  }

  @Test func aStepThatIsTakenBackChangesNothing() throws {
    let blob = try store.put(Data("x".utf8))
    clock.step(86_400)
    #expect(try store.collectGarbage(olderThan: 100) == [])
    clock.step(-86_400)
    clock.advance(99)
    #expect(try store.collectGarbage(olderThan: 100) == [])
    clock.advance(1)
    #expect(try store.collectGarbage(olderThan: 100) == [blob])
  }

  @Test func aStepBackKeepsThingsLonger() throws {
    let blob = try store.put(Data("x".utf8))
    clock.step(-1000)
    clock.advance(500)
    #expect(try store.collectGarbage(olderThan: 100) == [])
    clock.advance(600)
    #expect(try store.collectGarbage(olderThan: 100) == [blob])
  }
}
