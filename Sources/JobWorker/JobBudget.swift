import Foundation
import JobContract
import Pruning
import Synchronization
import Training

/// Ends a job that takes three times what it was expected to: in time, by a clock that neither stands
/// still nor is set, and in memory, by the engine's own account.
package final class JobBudget: Sendable {
  /// How far beyond its estimate a job may go.
  static let tolerance = 3
  /// Seconds that every job may take. What the bound is against are jobs that own a worker for hours;
  /// a machine that is busy with other things may well slow a short one more than three times.
  static let leastSeconds = 600.0

  /// Where the job's engine books its memory.
  let account: MemoryAccount
  /// By how much jobs that run beside it slow it.
  let slowdown: Double
  private let estimate: RunEstimate?
  /// Seconds after which the job is ended.
  let allowedSeconds: Double
  /// What the job's own process said of its engine's account.
  private let reported = Atomic(0)
  private let onExcess: @Sendable (_ bytes: Int) -> Void
  private let clock: @Sendable () -> Duration
  private let start: Mutex<Duration>

  /// The budget of a job that starts now. `slowdown` is by how much jobs that run beside it slow it,
  /// 1 for not at all; `onExcess` is told at once when the job's memory exceeds its estimate. A job
  /// without an estimate has no bounds.
  init(
    _ estimate: RunEstimate?, slowdown: Double = 1,
    clock: @escaping @Sendable () -> Duration = JobBudget.monotonic,
    onExcess: @escaping @Sendable (_ bytes: Int) -> Void = { _ in }
  ) {
    self.estimate = estimate
    self.clock = clock
    start = Mutex(clock())
    self.onExcess = onExcess
    self.slowdown = slowdown
    allowedSeconds =
      estimate.map {
        max(Self.leastSeconds, Double(Self.tolerance) * $0.seconds * max(1, slowdown))
      } ?? .infinity
    let memory = estimate?.memoryBytes ?? .max
    let (most, overflows) = memory.multipliedReportingOverflow(by: Self.tolerance)
    account = MemoryAccount(limit: overflows ? .max : most, expected: memory, onExcess: onExcess)
  }

  /// Seconds since the machine started, without those in which it slept.
  package static let monotonic: @Sendable () -> Duration = {
    let start = SuspendingClock.now
    return { SuspendingClock.now - start }
  }()

  /// Seconds that the job has taken.
  var seconds: Double { (clock() - start.withLock { $0 }) / .seconds(1) }

  /// From here on time counts: what was before, such as fetching a data set, nobody estimated.
  func begin() { start.withLock { $0 = clock() } }

  /// Bytes beyond which the job's engine gets no more; nil for no end.
  var allowedBytes: Int? { estimate == nil ? nil : min(account.limit, .max >> 2) }

  /// The most memory that the job's engine has had, here or in a process of the job's own.
  var peak: Int { max(account.peak, reported.load(ordering: .relaxed)) }

  /// Takes over what a job's own process says of its engine's account.
  func note(memory bytes: Int) {
    let before = reported.max(bytes, ordering: .relaxed).oldValue
    guard let expected = estimate?.memoryBytes, bytes > expected, before <= expected else { return }
    onExcess(bytes)
  }

  /// - Throws: `JobError.exceededEstimate` once the job has taken too long.
  func check() throws {
    guard let estimate, seconds > allowedSeconds else { return }
    throw JobError.exceededEstimate(
      .seconds, taken: seconds, estimated: estimate.seconds)
  }

  /// What an error is to the job: a refused allocation means that it outgrew its estimate.
  func explaining(_ error: any Error) -> any Error {
    guard let estimate, case TrainingError.memoryLimit(let bytes, _) = error else { return error }
    return JobError.exceededEstimate(
      .memory, taken: Double(bytes), estimated: Double(estimate.memoryBytes))
  }
}
