#if Fleet
  import Foundation
  import Store

  extension PostgresStore {
    // MARK: The queue

    /// See ``AdministeredStore/queuePaused()``.
    public func queuePaused() throws -> Date? {
      try read { db in try db.first("SELECT paused_at FROM queue_pause")?.date("paused_at") }
    }

    /// See ``AdministeredStore/setQueuePaused(_:)``.
    public func setQueuePaused(_ isPaused: Bool) throws -> Bool {
      try write { db, now in
        let changes =
          try isPaused
          ? db.run(
            "INSERT INTO queue_pause (paused_at) VALUES ($1) ON CONFLICT (is_only) DO NOTHING",
            [now])
          : db.run("DELETE FROM queue_pause")
        return changes > 0
      }
    }

    /// See ``AdministeredStore/currentTime()``.
    public func currentTime() throws -> Date {
      try read { db in Timestamp.date(try db.number("SELECT crisp_now() AS n")) }
    }

    // MARK: Users and what they take

    /// See ``AdministeredStore/users(_:after:limit:)``.
    public func users(_ filter: UserFilter, after: UserID?, limit: Int) throws
      -> Page<UserSummary>
    {
      try Page<UserSummary>.validate(limit: limit)
      let age = try filter.notSeenFor.map {
        try Timestamp.milliseconds(0, plus: $0, field: "grace period")
      }
      return try read { db in
        // The page first: bytes are counted of its users alone.
        try db.page(
          """
          WITH page AS MATERIALIZED (SELECT id, created_at, seen_at FROM users
            WHERE id > $1 AND ($2::bigint IS NULL OR seen_at <= (SELECT crisp_now()) - $2::bigint)
            ORDER BY id LIMIT $3)
          SELECT id, created_at, seen_at,
            (SELECT count(*) FROM model_users m WHERE m.user_id = page.id) AS models,
            \(PostgresSession.storedBytes(of: "page.id")) AS bytes
          FROM page ORDER BY id
          """, [after?.text ?? "", age, limit + 1], limit: limit
        ) { row in
          UserSummary(
            id: try row.user("id"), createdAt: try row.date("created_at"),
            seenAt: try row.date("seen_at"), models: try row.int("models"),
            bytes: try row.integer("bytes"))
        }
      }
    }

    /// See ``AdministeredStore/models(of:unusedFor:after:limit:)``.
    public func models(
      of user: UserID, unusedFor age: TimeInterval, after: ModelID?, limit: Int
    ) throws -> [UnusedModel] {
      try Page<UserSummary>.validate(limit: limit)
      let age = try Timestamp.milliseconds(0, plus: age, field: "grace period")
      return try read { db in
        try db.all(
          """
          SELECT m.id, \(Self.modelBytes) AS bytes, (SELECT count(*) FROM model_users o
            WHERE o.model = u.model) AS owners
          FROM model_users u JOIN models m ON m.number = u.model,
            (SELECT crisp_now() - $2::bigint AS cutoff OFFSET 0) t
          WHERE u.user_id = $1 AND m.used_at <= t.cutoff AND m.created_at <= t.cutoff
            AND ($4::text IS NULL OR (u.added_at, u.model) > (SELECT b.added_at, b.model
              FROM model_users b JOIN models n ON n.number = b.model
              WHERE b.user_id = $1 AND n.id = $4::text))
          ORDER BY u.added_at, u.model LIMIT $3
          """, [user.text, age, limit, after?.rawValue]
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
      // The sums of each model's files once, and not for everyone who has it.
      let rows =
        switch owner {
        case .user:
          "SELECT u.user_id AS name, s.number, s.bytes FROM model_users u JOIN sizes s"
            + " ON s.number = u.model"
        case .baseModel:
          "SELECT b.name, s.number, s.bytes FROM base_models b LEFT JOIN sizes s"
            + " ON s.base_model = b.name"
        }
      return try read { db in
        try db.all(
          """
          WITH sizes AS MATERIALIZED (SELECT m.number, m.base_model, \(Self.modelBytes) AS bytes FROM models m)
          SELECT name, count(number) AS models, coalesce(sum(bytes), 0)::bigint AS bytes
          FROM (\(rows)) r GROUP BY name ORDER BY bytes DESC, name LIMIT $1
          """, [limit]
        ).map {
          DiskUse(
            name: try $0.text("name"), models: try $0.int("models"),
            bytes: try $0.amount("bytes"))
        }
      }
    }

    /// Bytes of all files of the model `m`.
    private static let modelBytes = """
      (m.size + (SELECT coalesce(sum(f.size), 0) FROM model_files f WHERE f.model = m.number))::bigint
      """

    /// See ``AdministeredStore/storedSizes()``.
    public func storedSizes() throws -> StoredSizes {
      try read { db in
        guard
          let row = try db.first(
            """
            SELECT ((SELECT coalesce(sum(size), 0) FROM models)
                + (SELECT coalesce(sum(size), 0) FROM model_files))::bigint AS models,
              (SELECT coalesce(sum(s.size), 0) FROM base_models b
                JOIN blobs s ON s.digest = b.blob)::bigint AS base_models,
              (SELECT coalesce(sum(s.size), 0) FROM checkpoints c
                JOIN blobs s ON s.digest = c.blob)::bigint AS checkpoints
            """)
        else { throw StoreError.databaseCorrupt(reason: "it counts nothing") }
        return StoredSizes(
          models: try row.amount("models"), baseModels: try row.amount("base_models"),
          checkpoints: try row.amount("checkpoints"))
      }
    }

    /// See ``AdministeredStore/removeModel(_:from:)``.
    public func removeModel(_ id: ModelID, from user: UserID?) throws -> Bool {
      try write { db, _ in
        // Locked first: whoever is just given it is seen by the next statement.
        guard
          let row = try db.first(
            "SELECT number, job FROM models WHERE id = $1 FOR UPDATE", [id.rawValue])
        else { throw StoreError.notFound(.model, id.rawValue) }
        let (model, job) = (try row.integer("number"), try row.integer("job"))
        if let user {
          guard
            try db.run(
              "DELETE FROM model_users WHERE user_id = $1 AND model = $2", [user.text, model]) > 0
          else { throw StoreError.notFound(.model, id.rawValue) }
          if try db.first("SELECT 1 FROM model_users WHERE model = $1 LIMIT 1", [model]) != nil {
            try db.run(
              "DELETE FROM idempotency_keys WHERE user_id = $1 AND job = $2", [user.text, job])
            try db.detach(user.text, fromJob: job)
            return false
          }
        }
        try db.deleteModel(number: model)
        try db.run("DELETE FROM jobs WHERE number = $1", [job])
        return true
      }
    }
  }
#endif
