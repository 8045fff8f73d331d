/// Whether workers take jobs.
public struct QueueResource: Codable, Sendable {
  /// Always `queue`.
  public var object = "queue"
  /// Whether they may take none.
  public var paused: Bool
  /// Since when, in Unix seconds.
  public var pausedSince: Int?

  enum CodingKeys: String, CodingKey {
    case object, paused
    case pausedSince = "paused_since"
  }

  /// A queue that is paused since then, or goes on.
  public init(pausedSince: Int?) {
    paused = pausedSince != nil
    self.pausedSince = pausedSince
  }

  /// Writes null for a queue that goes on.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(object, forKey: .object)
    try container.encode(paused, forKey: .paused)
    try container.encode(pausedSince, forKey: .pausedSince)
  }
}

/// A user as operators list them. Times are Unix seconds.
public struct ListedUserResource: Codable, Sendable {
  /// Always `user`.
  public var object = "user"
  /// Any Unicode text.
  public var id: String
  /// When the user was first seen.
  public var createdAt: Int
  /// When the user last asked for a model or used a token, to the hour.
  public var seenAt: Int
  /// Models the user has.
  public var models: Int
  /// Bytes that are kept for the user, which `--user-quota` bounds.
  public var bytes: Int64

  enum CodingKeys: String, CodingKey {
    case object, id
    case createdAt = "created_at"
    case seenAt = "seen_at"
    case models, bytes
  }

  /// A user as given.
  public init(id: String, createdAt: Int, seenAt: Int, models: Int, bytes: Int64) {
    self.id = id
    self.createdAt = createdAt
    self.seenAt = seenAt
    self.models = models
    self.bytes = bytes
  }
}
