import Foundation

/// Which users to list. Empty lists all.
public struct UserFilter: Equatable, Sendable {
  /// Only users who asked for nothing and used no token for so many seconds.
  public var notSeenFor: TimeInterval?

  /// A filter on when users were last seen, or none.
  public init(notSeenFor: TimeInterval? = nil) { self.notSeenFor = notSeenFor }
}

/// A user as operators list them.
public struct UserSummary: Equatable, Sendable {
  /// The user's id.
  public let id: UserID
  /// When the user was first seen.
  public let createdAt: Date
  /// When the user last asked for a model or used a token; an hour later at most.
  public let seenAt: Date
  /// Models the user has.
  public let models: Int
  /// See ``UserDirectory/storedBytes(of:)``.
  public let bytes: Int64

  /// All fields.
  package init(id: UserID, createdAt: Date, seenAt: Date, models: Int, bytes: Int64) {
    self.id = id
    self.createdAt = createdAt
    self.seenAt = seenAt
    self.models = models
    self.bytes = bytes
  }
}

extension UserSummary: Listed {
  package var listedBytes: Int { id.text.utf8.count }
}

/// A model that a user has and nobody has used for long.
public struct UnusedModel: Equatable, Sendable {
  /// The model's name.
  public let id: ModelID
  /// Bytes of its files.
  public let bytes: Int64
  /// How many users have it.
  public let owners: Int

  /// All fields.
  package init(id: ModelID, bytes: Int64, owners: Int) {
    self.id = id
    self.bytes = bytes
    self.owners = owners
  }
}
