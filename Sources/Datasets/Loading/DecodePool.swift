import Cores
import Dispatch
import Foundation
import Synchronization

/// Decodes pictures on a fixed number of threads, in the order in which they were asked for, so
/// that the batch that is needed first is finished first and at most one picture a thread is held
/// decoded.
///
/// Threads of its own, not Dispatch's: they inherit the priority of the thread that asks first, and
/// a personalisation's decoding must stay below the API's as its training does.
package final class DecodePool: Sendable {
  private struct Job {
    let count: Int
    let body: @Sendable (Int) -> Void
    let group: DispatchGroup
    var next = 0
  }

  private struct State {
    var jobs: [Job] = []
    var isClosed = false
  }

  /// What the threads hold, so that they do not keep the pool alive.
  private final class Shared: Sendable {
    let state = Mutex(State())
    /// One signal for each picture to decode.
    let work = DispatchSemaphore(value: 0)

    func run() {
      while true {
        work.wait()
        let item = state.withLock { state -> (index: Int, job: Job)? in
          guard !state.isClosed, !state.jobs.isEmpty else { return nil }
          let job = state.jobs[0]
          state.jobs[0].next += 1
          if job.next + 1 == job.count { state.jobs.removeFirst() }
          return (job.next, job)
        }
        guard let item else { return }
        item.job.body(item.index)
        item.job.group.leave()
      }
    }
  }

  /// Threads at most.
  package let threads: Int
  private let shared = Shared()
  private let isStarted = Mutex(false)

  /// At least one thread, and never more than cores.
  package init(threads: Int) {
    self.threads = Cores.threads(threads)
  }

  deinit {
    shared.state.withLock { $0.isClosed = true }
    for _ in 0..<threads { shared.work.signal() }
  }

  /// Calls `body` with 0..<count, each once, from several threads; the group is left when all have
  /// returned.
  package func submit(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> DispatchGroup {
    let group = DispatchGroup()
    guard count > 0 else { return group }
    for _ in 0..<count { group.enter() }
    shared.state.withLock { $0.jobs.append(Job(count: count, body: body, group: group)) }
    isStarted.withLock { isStarted in
      guard !isStarted else { return }
      isStarted = true
      for _ in 0..<threads { Thread.detachNewThread { [shared] in shared.run() } }
    }
    for _ in 0..<count { shared.work.signal() }
    return group
  }

  /// Makes `count` values, each once, on as many threads as there are cores, and of the priority of
  /// the thread that asks.
  static func map<Value: Sendable>(_ count: Int, _ make: @escaping @Sendable (Int) -> Value)
    -> [Value]
  {
    let made = Made<Value>(count)
    let pool = DecodePool(threads: Cores.usable)
    let group = pool.submit(count) { index in
      let value = make(index)
      made.values.withLock { $0[index] = value }
    }
    // A pool that goes away closes, done or not.
    withExtendedLifetime(pool) { group.wait() }
    return made.values.withLock { $0 }.compactMap { $0 }
  }

  private final class Made<Value: Sendable>: Sendable {
    let values: Mutex<[Value?]>

    init(_ count: Int) { values = Mutex([Value?](repeating: nil, count: count)) }
  }
}
