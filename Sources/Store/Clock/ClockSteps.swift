import Synchronization

/// Remembers when the time of day was set, so that nothing is deleted early because of it.
///
/// A row's age is the difference of two times of day. After a step forward all rows seem older than they
/// are. So a step is believed only of rows that came after it: what is to be `age` old is compared with
/// the earliest that the time of day has been, counted on, during the last `age`.
package final class ClockSteps: Sendable {
  private struct Step {
    let since: Int64
    /// Time of day minus steady time.
    let offset: Int64
  }

  /// More steps than this in a row are somebody's game; the oldest are forgotten.
  private static let limit = 64
  /// Milliseconds by which two readings, one after the other, may disagree.
  private static let tolerance: Int64 = 500

  private let steps = Mutex<[Step]>([])

  /// No steps yet.
  package init() {}

  /// Notes both times, in milliseconds.
  package func note(now: Int64, steady: Int64) {
    let offset = now.subtractingReportingOverflow(steady).partialValue
    steps.withLock { steps in
      if let last = steps.last {
        let (change, overflow) = offset.subtractingReportingOverflow(last.offset)
        guard overflow || change.magnitude > Self.tolerance.magnitude else { return }
      }
      steps.append(Step(since: steady, offset: offset))
      if steps.count > Self.limit { steps.removeFirst() }
    }
  }

  /// The time of day that rows of that age, in milliseconds, are compared with: now, or earlier.
  package func cautious(now: Int64, steady: Int64, age: Int64) -> Int64 {
    note(now: now, steady: steady)
    let start = steady.subtractingReportingOverflow(age).partialValue
    return steps.withLock { steps in
      var earliest = now
      // Newest first; the first that began before the span was in force when the span began.
      for step in steps.reversed() {
        let (time, overflow) = steady.addingReportingOverflow(step.offset)
        if !overflow { earliest = min(earliest, time) }
        if step.since <= start { break }
      }
      return earliest
    }
  }
}
