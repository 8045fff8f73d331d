import Synchronization

/// Ends requests from another thread, for good: those under way and those that come later.
public final class TransferCancellation: Sendable {
  private struct State {
    var isCancelled = false
    var wakers: [ObjectIdentifier: @Sendable () -> Void] = [:]
  }

  private let state = Mutex(State())

  /// Nothing is cancelled yet.
  public init() {}

  /// Whether ``cancel()`` was called.
  public var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// Ends the requests; each throws ``TransferError/cancelled(host:)`` soon after.
  public func cancel() {
    state.withLock { state in
      state.isCancelled = true
      for wake in state.wakers.values { wake() }
    }
  }

  /// Has `wake` called on ``cancel()``, until ``forget(_:)`` returns.
  func tell(_ owner: AnyObject, _ wake: @escaping @Sendable () -> Void) {
    state.withLock { $0.wakers[ObjectIdentifier(owner)] = wake }
  }

  func forget(_ owner: AnyObject) {
    _ = state.withLock { $0.wakers.removeValue(forKey: ObjectIdentifier(owner)) }
  }
}
