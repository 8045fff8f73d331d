import CKernels
import Cores
import Foundation
import Synchronization
import Testing

/// Threads that work together. Work that waits for all parts ends only when they run at the same
/// time. A round is done by all threads or, where they lost time before, by the first alone.
@Suite struct TeamTests {
  /// What one team does: meetings, at each of which all parts must have come.
  private final class Work: Sendable {
    let threads, meetings: Int
    let arrived = Atomic(0), faults = Atomic(0)
    /// Parts of the present round.
    let parts = Atomic(0)
    /// How often each part worked.
    let calls = Mutex<[Int: Int]>([:])

    init(threads: Int, meetings: Int) {
      (self.threads, self.meetings) = (threads, meetings)
    }
  }

  private struct Context {
    let team: OpaquePointer
    let work: Work
  }

  /// One part of the work.
  private static let meet: @convention(c) (UnsafeMutableRawPointer?, Int, Int) -> Void = {
    pointer, part, parts in
    guard let context = pointer?.assumingMemoryBound(to: Context.self).pointee else { return }
    let work = context.work
    work.parts.store(parts, ordering: .sequentiallyConsistent)
    work.calls.withLock { $0[part, default: 0] += 1 }
    guard work.meetings > 0 else { return }
    for meeting in 1...work.meetings {
      work.arrived.add(1, ordering: .sequentiallyConsistent)
      crisp_team_meet(context.team)
      // All have come, and none goes on before all have seen it.
      let arrived = work.arrived.load(ordering: .sequentiallyConsistent)
      if arrived != meeting * parts { work.faults.add(1, ordering: .relaxed) }
      crisp_team_meet(context.team)
    }
  }

  /// Runs the work `rounds` times on a team of its own; answers the parts of each, or nil when the
  /// system has no threads.
  private static func run(_ work: Work, rounds: Int) -> [Int]? {
    guard let team = crisp_team_create(work.threads) else { return nil }
    defer { crisp_team_free(team) }
    var context = Context(team: team, work: work)
    return (0..<rounds).map { _ in
      work.arrived.store(0, ordering: .sequentiallyConsistent)
      withUnsafeMutablePointer(to: &context) { crisp_team_run(team, meet, $0) }
      let parts = work.parts.load(ordering: .sequentiallyConsistent)
      if work.arrived.load(ordering: .sequentiallyConsistent) != work.meetings * parts {
        work.faults.add(1, ordering: .relaxed)
      }
      return parts
    }
  }

  private func check(threads: Int, meetings: Int, rounds: Int) throws {
    let work = Work(threads: threads, meetings: meetings)
    let parts = try #require(Self.run(work, rounds: rounds))
    #expect(work.faults.load(ordering: .relaxed) == 0)
    #expect(parts.first == threads)
    #expect(parts.allSatisfy { [1, threads].contains($0) })
    // Every part of a round once, and no other.
    let together = parts.count { $0 == threads }
    var expected = Dictionary(uniqueKeysWithValues: (0..<threads).map { ($0, together) })
    expected[0] = rounds
    #expect(work.calls.withLock { $0 } == expected)
  }

  @Test(arguments: 1...8) func meetThousandsOfTimes(threads: Int) throws {
    // Teams of more threads than there are cores have to sleep.
    let cores = Cores.usable
    let meetings = threads <= cores ? 1000 : 100
    try check(threads: threads, meetings: meetings, rounds: 2)
  }

  @Test(arguments: [1, 2, 3]) func everyPartWorksOnceInEveryRound(threads: Int) throws {
    try check(threads: threads, meetings: 0, rounds: 500)
  }

  @Test func teamsOfManyThreadsDoNotDisturbOneAnother() async {
    let isCorrect = await withTaskGroup(of: Bool.self) { group in
      for owner in 0..<8 {
        group.addTask {
          (0..<10).allSatisfy { round in
            let work = Work(threads: 1 + (owner + round) % 4, meetings: 3)
            return Self.run(work, rounds: 2) != nil
              && work.faults.load(ordering: .relaxed) == 0
          }
        }
      }
      return await group.allSatisfy { $0 }
    }
    #expect(isCorrect)
  }

  @Test func freeingNoTeamIsAllowed() {
    crisp_team_free(nil)
  }
}
