import Synchronization

/// Answers that come from elsewhere.
extension Connection {
  /// Gives the worker back and waits for an answer, with an eye on whether the client is still there.
  func wait(
    for answer: DeferredResponse, _ exchange: Exchange, _ state: inout ConnectionState
  ) {
    let pending = PendingAnswer()
    state.enter(.deferred)
    state.earlyBytes = 0
    state.deferred = pending
    resume(&state)
    pending.cancellation = answer.begin { [self] result in
      guard pending.claim() else { return }
      // Here and not on the loop: it may read.
      let response = exchange.conclude(result, logger: context.logger)
      // Those who make answers may have a low priority, at which the connection's lock must not be
      // held.
      loop.async { [self] in deliver(response, pending, exchange) }
    }
  }

  private func deliver(_ response: Response, _ pending: PendingAnswer, _ exchange: Exchange) {
    takeBack { state in
      guard !pending.isAbandoned else {
        let outgoing = exchange.outgoing(response)
        return settle(outgoing.result.cut(by: .connectionLost), exchange, &state)
      }
      // Until the answer has been sent the connection reads nothing, as with a worker's.
      state.enter(.handling)
      suspend(&state)
      answer(response, to: exchange, &state)
    }
  }
}

/// One answer that a connection waits for. All but ``claim()`` under the connection's lock.
final class PendingAnswer: Sendable {
  private struct State {
    var cancellation: DeferredResponse.Cancellation?
    var isAbandoned = false
  }

  private let state = Mutex(State())
  private let isClaimed = Atomic<Bool>(false)

  /// Whether the client has left, or the server ends its connections.
  var isAbandoned: Bool { state.withLock { $0.isAbandoned } }

  /// What to call when nobody waits any more.
  var cancellation: DeferredResponse.Cancellation? {
    get { state.withLock { $0.cancellation } }
    set { state.withLock { $0.cancellation = newValue } }
  }

  /// True for the first who calls.
  func claim() -> Bool { !isClaimed.exchange(true, ordering: .acquiringAndReleasing) }

  /// Tells those who make the answer that nobody waits for it.
  func abandon() {
    let cancellation = state.withLock { state in
      state.isAbandoned = true
      return state.cancellation
    }
    cancellation?()
  }
}
