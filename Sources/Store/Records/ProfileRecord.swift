import ClassWeights
import Foundation

/// What a user cares about, as of one version.
public struct ProfileRecord: Equatable, Sendable {
  /// 1 for the first, then counting up.
  public let version: Int
  /// The base model the classes belong to.
  public let baseModel: String
  /// Classes in the order the user gave; in lists the first ``ShortRows/elements``.
  public let classes: [ClassWeight]
  /// Classes of the profile.
  public let classCount: Int
  /// When this version was recorded.
  public let createdAt: Date

  /// All fields.
  package init(
    version: Int, baseModel: String, classes: [ClassWeight], classCount: Int, createdAt: Date
  ) {
    self.version = version
    self.baseModel = baseModel
    self.classes = classes
    self.classCount = classCount
    self.createdAt = createdAt
  }
}

/// A user.
public struct UserRecord: Equatable, Sendable {
  /// How many versions of a user's profile are kept.
  public static let historyLimit = 100
  /// Bytes that the versions of a user's profile take at most.
  public static let historyByteLimit = 4 << 20

  /// The user's id.
  public let id: UserID
  /// When the user was first seen.
  public let createdAt: Date
  /// The latest profile; `nil` for a user who has a token but has asked for nothing.
  public let profile: ProfileRecord?

  /// All fields.
  package init(
    id: UserID, createdAt: Date, profile: ProfileRecord?
  ) {
    self.id = id
    self.createdAt = createdAt
    self.profile = profile
  }
}

/// What forgetting a user took away.
public struct UserDeletion: Equatable, Sendable {
  /// Jobs nobody else waits for: cancelled, or asked to stop when running.
  public let cancelledJobs: [JobID]
  /// Models no other user has.
  public let deletedModels: [ModelID]

  /// All fields.
  package init(
    cancelledJobs: [JobID], deletedModels: [ModelID]
  ) {
    self.cancelledJobs = cancelledJobs
    self.deletedModels = deletedModels
  }
}
