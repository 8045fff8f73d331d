import Dispatch
import Pruning
import Store
import Synchronization

/// Why a running job shall end before it is done. The first reason stands.
final class JobControl: Sendable {
  enum Reason: Sendable {
    case cancelled
    case stopping
    /// Another attempt works on the job: this one must write nothing more.
    case leaseLost
  }

  private let reason = Mutex<Reason?>(nil)
  private let change = DispatchSemaphore(value: 0)

  var requested: Reason? { reason.withLock { $0 } }

  func request(_ new: Reason) {
    reason.withLock { if $0 == nil || new == .leaseLost { $0 = new } }
    change.signal()
  }

  /// Does what has to be written for the job to get on, and while there is no room for it, or
  /// another process is writing, tries again every few seconds. The work that is done so far is too
  /// good to be thrown away for that.
  /// - Throws: What else goes wrong; the same error when the job shall end.
  func patiently<Value>(
    until shallEnd: (Reason) -> Bool, waiting: (StoreError) -> Void, _ body: () throws -> Value
  ) throws -> Value {
    while true {
      do {
        return try body()
      } catch let error as StoreError where error.mayPass {
        if let requested, shallEnd(requested) { throw error }
        waiting(error)
        _ = change.wait(timeout: .now() + .seconds(2))
      }
    }
  }
}

extension StoreError {
  /// Whether trying again later may help.
  package var mayPass: Bool {
    switch self {
    case .accessDenied, .busy, .bytesUnavailable, .cacheUnusable, .diskFull, .fileReplaced, .locked,
      .readOnly, .unreachable:
      true
    default: false
    }
  }
}
