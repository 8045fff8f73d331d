import Dispatch
import HTTPServer
import Synchronization

/// One measurement under way, and the answers that wait for its end without a thread.
final class Measurement: Sendable {
  /// Takes the outcome.
  private typealias Waiter = @Sendable (Result<Void, any Error>) -> Void

  private struct State {
    var outcome: Result<Void, any Error>?
    var waiting: [UInt64: Waiter] = [:]
    var next: UInt64 = 0
  }

  private let state = Mutex(State())

  /// It has ended; to be called once.
  func finish(_ outcome: Result<Void, any Error>) {
    let waiting = state.withLock { state in
      state.outcome = outcome
      defer { state.waiting = [:] }
      return Array(state.waiting.values)
    }
    for tell in waiting { tell(outcome) }
  }

  /// An answer once the measurement has ended: `then`, or what went wrong. After `patience` it is
  /// `late`, and the measurement goes on.
  /// - Parameter then: must not wait; a lane's response does not.
  func response(
    within patience: Duration, late: ProblemDetails,
    then: @escaping @Sendable () -> Response
  ) -> Response {
    .deferred(
      DeferredResponse { [self] completion in
        guard let number = wait({ outcome in completion(outcome.map(then)) }) else { return {} }
        let giveUp: @Sendable () -> Void = { [weak self] in
          self?.forget(number)?(.failure(late))
        }
        let seconds = Double(patience.components.seconds)
        DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: giveUp)
        return giveUp
      })
  }

  /// Nil if it has ended, and then the waiter has been told.
  private func wait(_ waiter: @escaping Waiter) -> UInt64? {
    let (number, outcome) = state.withLock { state -> (UInt64?, Result<Void, any Error>?) in
      if let outcome = state.outcome { return (nil, outcome) }
      state.next += 1
      state.waiting[state.next] = waiter
      return (state.next, nil)
    }
    if let outcome { waiter(outcome) }
    return number
  }

  /// The waiter, who then is told nothing more; nil if it has been told.
  private func forget(_ number: UInt64) -> Waiter? {
    state.withLock { $0.waiting.removeValue(forKey: number) }
  }
}
