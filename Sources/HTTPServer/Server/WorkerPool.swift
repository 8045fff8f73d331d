import Dispatch
import Synchronization

/// A fixed number of workers and a bounded queue of work before them.
///
/// Each worker is a serial queue. A concurrent queue would not do: on Linux, Dispatch runs only as
/// many of its blocks as there are cores, and notices blocked ones once a second at best.
package final class WorkerPool: Sendable {
  /// Gives the worker's place back, so that other work may wait for it; further calls do nothing.
  package typealias Leave = () -> Void
  /// Calls `leave` before it sends an answer: whoever has read that must find the place free.
  package typealias Work = @Sendable (_ leave: Leave) -> Void

  private struct State {
    var idle: [DispatchQueue] = []
    var made = 0
    /// Workers that are about to take their next work.
    var leaving = 0
    var waiting: [Work?] = []
    var taken = 0

    var waitingCount: Int { waiting.count - taken }

    mutating func next() -> Work? {
      guard taken < waiting.count else { return nil }
      let work = waiting[taken]
      // Otherwise what the work holds would live until the queue is tidied.
      waiting[taken] = nil
      taken += 1
      if taken == waiting.count || taken > 1024 {
        waiting.removeFirst(taken)
        taken = 0
      }
      return work
    }
  }

  private let label: String
  private let workers: Int
  private let backlog: Int
  private let state = Mutex(State())

  /// No worker yet.
  package init(label: String, workers: Int, backlog: Int) {
    self.label = label
    self.workers = max(1, workers)
    self.backlog = max(0, backlog)
  }

  /// Runs `work` on a worker, at once or after what waits already; false when too much waits.
  package func submit(_ work: @escaping Work) -> Bool {
    let (accepted, worker) = state.withLock { state -> (Bool, DispatchQueue?) in
      // The worker that went idle last: its thread is most likely still there.
      if let worker = state.idle.popLast() { return (true, worker) }
      if state.made < workers {
        state.made += 1
        return (true, DispatchQueue(label: "\(label)-\(state.made)"))
      }
      guard state.waitingCount < backlog + state.leaving else { return (false, nil) }
      state.waiting.append(work)
      return (true, nil)
    }
    worker?.async { self.run(work, on: worker) }
    return accepted
  }

  private func run(_ work: @escaping Work, on worker: DispatchQueue?) {
    var next: Work? = work
    while let work = next {
      var hasLeft = false
      work {
        guard !hasLeft else { return }
        hasLeft = true
        state.withLock { $0.leaving += 1 }
      }
      next = nextWork(for: worker, hasLeft: hasLeft)
    }
  }

  /// The oldest waiting work; if there is none the worker goes idle.
  private func nextWork(for worker: DispatchQueue?, hasLeft: Bool) -> Work? {
    state.withLock { state in
      if hasLeft { state.leaving -= 1 }
      if let work = state.next() { return work }
      if let worker { state.idle.append(worker) }
      return nil
    }
  }
}
