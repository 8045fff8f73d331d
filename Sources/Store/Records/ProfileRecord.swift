import ClassWeights
import Foundation

/// What a user cares about, as of one version.
public struct ProfileRecord: Equatable, Sendable {
  /// 1 for the first, then counting up.
  public let version: Int
  /// The base model the classes belong to.
  public let baseModel: String
  /// Classes in the order the user gave; in lists the first ``SQLiteStore/listedClasses``.
  public let classes: [ClassWeight]
  /// Classes of the profile.
  public let classCount: Int
  /// When this version was recorded.
  public let createdAt: Date
}

/// A user.
public struct UserRecord: Equatable, Sendable {
  /// The user's id.
  public let id: UserID
  /// When the user was first seen.
  public let createdAt: Date
  /// The latest profile; `nil` for a user who has a token but has asked for nothing.
  public let profile: ProfileRecord?
}

/// What forgetting a user took away.
public struct UserDeletion: Equatable, Sendable {
  /// Jobs nobody else waits for: cancelled, or asked to stop when running.
  public let cancelledJobs: [JobID]
  /// Models no other user has.
  public let deletedModels: [ModelID]
}
