import Foundation

/// The jobs that are not finished.
public struct Backlog: Equatable, Sendable {
  /// Jobs that wait for a worker.
  public let queued: Int
  /// Jobs that a worker holds, or held when it died.
  public let running: Int
  /// Seconds since the oldest job that waits was made; 0 when none does.
  public let oldestAge: TimeInterval
  /// That job.
  public let oldest: JobID?

  /// Counts as given.
  public init(queued: Int, running: Int, oldestAge: TimeInterval, oldest: JobID? = nil) {
    self.oldest = oldest
    self.queued = queued
    self.running = running
    self.oldestAge = oldestAge
  }
}
