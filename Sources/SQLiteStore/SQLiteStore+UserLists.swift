import Foundation
import GRDB
import Store

extension SQLiteStore {
  /// See ``AdministeredStore/users(_:after:limit:)``.
  public func users(_ filter: UserFilter, after: UserID?, limit: Int) throws -> Page<UserSummary> {
    try Page<UserSummary>.validate(limit: limit)
    let latest = try filter.notSeenFor.map { try cutoff(age: $0) } ?? .max
    return try read { db in
      try db.page(Self.usersQuery, [after?.text ?? "", latest, limit + 1], limit: limit) { row in
        UserSummary(
          id: try row.user("id"), createdAt: try row.date("created_at"),
          seenAt: try row.date("seen_at"), models: try row.int("models"),
          bytes: try db.storedBytes(of: row.text("id")))
      }
    }
  }

  /// Users after an id who were last seen at a time or before.
  package static let usersQuery = """
    SELECT u.id, u.created_at, u.seen_at,
      (SELECT count(*) FROM model_users m WHERE m.user = u.id) AS models
    FROM users u WHERE u.id > ? AND u.seen_at <= ? ORDER BY u.id LIMIT ?
    """

  /// See ``AdministeredStore/models(of:unusedFor:after:limit:)``.
  public func models(
    of user: UserID, unusedFor age: TimeInterval, after: ModelID?, limit: Int
  ) throws -> [UnusedModel] {
    try Page<UserSummary>.validate(limit: limit)
    let cutoff = try cutoff(age: age)
    return try read { db in
      try db.all(
        """
        SELECT m.id, \(Self.modelBytes) AS bytes, (SELECT count(*) FROM model_users o
          WHERE o.model = u.model) AS owners
        FROM model_users u INDEXED BY model_users_added_at CROSS JOIN models m ON m.number = u.model
        WHERE u.user = ?1 AND m.used_at <= ?2 AND m.created_at <= ?2
          AND (?4 IS NULL OR (u.added_at, u.model) > (SELECT b.added_at, b.model
            FROM model_users b JOIN models n ON n.number = b.model WHERE b.user = ?1 AND n.id = ?4))
        ORDER BY u.added_at, u.model LIMIT ?3
        """, [user.text, cutoff, limit, after?.rawValue]
      ).map { row in
        UnusedModel(
          id: try row.identifier("id", as: ModelID.self), bytes: try row.amount("bytes"),
          owners: try row.int("owners"))
      }
    }
  }

  /// See ``AdministeredStore/diskUse(by:limit:)``.
  public func diskUse(by owner: DiskOwner, limit: Int) throws -> [DiskUse] {
    try Page<UserSummary>.validate(limit: limit)
    let rows =
      switch owner {
      case .user:
        "SELECT u.user AS name, m.number, \(Self.modelBytes) AS bytes"
          + " FROM model_users u CROSS JOIN models m ON m.number = u.model"
      case .baseModel:
        "SELECT b.name, m.number, \(Self.modelBytes) AS bytes"
          + " FROM base_models b LEFT JOIN models m ON m.base_model = b.name"
      }
    return try read { db in
      try db.all(
        """
        SELECT name, count(number) AS models, coalesce(sum(bytes), 0) AS bytes FROM (\(rows))
        GROUP BY name ORDER BY bytes DESC, name LIMIT ?
        """, [limit]
      ).map {
        DiskUse(
          name: try $0.text("name"), models: try $0.int("models"), bytes: try $0.amount("bytes"))
      }
    }
  }

  /// Bytes of all files of the model `m`.
  private static let modelBytes = """
    m.size + (SELECT coalesce(sum(f.size), 0) FROM model_files f WHERE f.model = m.number)
    """

  /// See ``AdministeredStore/storedSizes()``.
  public func storedSizes() throws -> StoredSizes {
    try read { db in
      func sum(_ rows: String) throws -> Int64 {
        try db.number("SELECT coalesce(sum(size), 0) FROM \(rows)")
      }
      return StoredSizes(
        models: try sum("models") + sum("model_files"),
        baseModels: try sum("base_models b JOIN blobs s ON s.digest = b.blob"),
        checkpoints: try sum("checkpoints c JOIN blobs s ON s.digest = c.blob"))
    }
  }

  /// See ``AdministeredStore/removeModel(_:from:)``.
  public func removeModel(_ id: ModelID, from user: UserID?) throws -> Bool {
    try write { db, _ in
      let model = try db.modelNumber(id)
      let job = try db.number("SELECT job FROM models WHERE number = ?", [model])
      if let user {
        guard
          try db.run("DELETE FROM model_users WHERE user = ? AND model = ?", [user.text, model]) > 0
        else { throw StoreError.notFound(.model, id.rawValue) }
        if try db.first("SELECT 1 FROM model_users WHERE model = ?", [model]) != nil {
          try db.run(
            "DELETE FROM idempotency_keys WHERE user = ? AND job = ?", [user.text, job])
          try db.detach(user.text, fromJob: job)
          return false
        }
      }
      try db.deleteModel(number: model, as: .leisurely)
      try db.run("DELETE FROM jobs WHERE number = ?", [job])
      return true
    }
  }
}
