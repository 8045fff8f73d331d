import Digests
import Foundation

/// The state from which a later attempt resumes a job.
public struct CheckpointRecord: Equatable, Sendable {
  /// The attempt that saved it.
  public let attempt: Int
  /// The last finished iteration.
  public let iteration: Int
  /// The saved state.
  public let blob: BlobRecord
  /// When it was saved.
  public let createdAt: Date

  /// All fields.
  package init(
    attempt: Int, iteration: Int, blob: BlobRecord, createdAt: Date
  ) {
    self.attempt = attempt
    self.iteration = iteration
    self.blob = blob
    self.createdAt = createdAt
  }
}
