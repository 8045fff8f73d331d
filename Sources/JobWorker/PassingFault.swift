import Foundation
import Store

/// What kept a job from going on and is not the job's: it is given back, for another worker or another time,
/// and counts neither as its failure nor as its death.
struct PassingFault {
  /// What whoever asked for the job may read. The log says where things are on which machine.
  let told: String

  /// nil for what another attempt would meet again.
  init?(_ error: any Error) {
    switch error {
    case StoreError.cacheUnusable:
      told = "the worker's disk cannot take what the job needs"
    case JobError.processUnavailable: told = "the worker cannot start a process for the job"
    case let error as StoreError where error.mayPass: told = error.description
    default: return nil
    }
  }
}

/// How long a worker waits before it claims again: after a job that it had to give back, so that it does not
/// meet the same fault again at once, and twice as long each time in a row, because others may be well.
package struct ClaimPause {
  private let first: TimeInterval
  private let longest: TimeInterval
  private var next: TimeInterval

  /// - Parameter lease: Seconds after which a silent worker counts as dead; a third is the longest pause.
  package init(lease: TimeInterval) {
    longest = lease / 3
    first = min(1, longest)
    next = first
  }

  /// A job has ended, given back or not.
  /// - Returns: Seconds to wait; nil for none.
  package mutating func after(givenBack: Bool) -> TimeInterval? {
    guard givenBack else {
      next = first
      return nil
    }
    defer { next = min(longest, 2 * next) }
    return next
  }
}
