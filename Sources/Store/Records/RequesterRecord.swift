import Foundation

/// One of those who wait, or waited, for a job.
public struct RequesterRecord: Equatable, Sendable {
  /// When this user asked for what the job makes; others may have asked before.
  public let addedAt: Date
  /// The priority this user asked for, which the job has or exceeds; nil where that was not written
  /// down, in rows of earlier versions.
  public let priority: Int?

  /// A record as given.
  public init(addedAt: Date, priority: Int?) {
    self.addedAt = addedAt
    self.priority = priority
  }
}
