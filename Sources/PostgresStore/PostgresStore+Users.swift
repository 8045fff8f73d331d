#if Fleet
  import ClassWeights
  import Digests
  import Foundation
  import Store

  extension PostgresStore {
    /// See ``UserDirectory/user(_:)``.
    public func user(_ id: UserID) throws -> UserRecord {
      try read { db in
        let created = try db.userCreated(id)
        let profile = try db.first(
          """
          SELECT version, base_model, created_at, class_count, classes FROM profiles
          WHERE user_id = $1 ORDER BY version DESC LIMIT 1
          """, [id.text])
        return UserRecord(
          id: id, createdAt: created, profile: try profile.map { try db.profileRecord($0) })
      }
    }

    /// See ``UserDirectory/profiles(of:)``.
    public func profiles(of id: UserID) throws -> [ProfileRecord] {
      try read { db in
        _ = try db.userCreated(id)
        return try db.all(
          """
          SELECT version, base_model, created_at, class_count,
            coalesce(first_classes, classes) AS classes
          FROM profiles WHERE user_id = $1 ORDER BY version DESC
          """, [id.text]
        ).map { try db.profileRecord($0) }
      }
    }

    /// See ``UserDirectory/storedBytes(of:)``.
    public func storedBytes(of user: UserID) throws -> Int64 {
      try read { db in try db.storedBytes(of: user.text) }
    }

    /// See ``UserDirectory/deleteUser(_:)``.
    public func deleteUser(_ id: UserID) throws -> UserDeletion {
      try write { db, now in
        guard try db.first("SELECT 1 FROM users WHERE id = $1 FOR UPDATE", [id.text]) != nil else {
          throw StoreError.notFound(.user, id.text)
        }
        let asked = try db.all("SELECT job FROM job_requesters WHERE user_id = $1", [id.text])
          .map { try $0.integer("job") }
        let cancelledJobs = try db.leaveJobs(user: id.text, now: now)
        let deletedModels = try db.leaveModels(user: id.text)
        for job in asked {
          // Nobody asked for it who is still here, and its events, which would take it along, are gone.
          try db.run(
            """
            DELETE FROM jobs WHERE number = $1 AND finished_at IS NOT NULL AND NOT log_kept
              AND NOT EXISTS (SELECT 1 FROM job_requesters r WHERE r.job = $1)
              AND NOT EXISTS (SELECT 1 FROM models m WHERE m.job = $1)
            """, [job])
        }
        // Everything else that is the user's goes with the row.
        try db.run("DELETE FROM users WHERE id = $1", [id.text])
        return UserDeletion(cancelledJobs: cancelledJobs, deletedModels: deletedModels)
      }
    }

    /// True: what deletions leave in the server's files and log is its operator's business (VACUUM, archived
    /// log, backups); no connection can overwrite it.
    public func eraseRemains() throws -> Bool { true }

    // MARK: TokenRegistry

    /// See ``TokenRegistry/addToken(digest:user:label:scope:lifetime:)``.
    public func addToken(
      digest: SHA256Digest, user: UserID?, label: String, scope: TokenScope, lifetime: TimeInterval?
    ) throws -> TokenRecord {
      try StoreRules.validateToken(of: user, label: label, scope: scope, lifetime: lifetime)
      let id = TokenID.random()
      return try write { db, now in
        if let user { try db.ensureUser(user.text, now: now) }
        let expiry = try lifetime.map {
          try Timestamp.milliseconds(now, plus: $0, field: "token lifetime")
        }
        let added = try db.run(
          """
          INSERT INTO tokens (id, digest, user_id, label, created_at, scope, expires_at)
          VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (digest) DO NOTHING
          """, [id.rawValue, digest.hex, user?.text, label, now, scope.rawValue, expiry])
        guard added == 1 else { throw StoreError.nameTaken(.token, label) }
        return TokenRecord(
          id: id, digest: digest, user: user, label: label, scope: scope,
          createdAt: Timestamp.date(now), expiresAt: expiry.map(Timestamp.date), usedAt: nil,
          revokedAt: nil)
      }
    }

    /// See ``TokenRegistry/tokens()``.
    public func tokens() throws -> [TokenRecord] {
      try read { db in
        try db.all("SELECT * FROM tokens ORDER BY created_at, number").map {
          try db.tokenRecord($0)
        }
      }
    }

    /// See ``TokenRegistry/activeToken(digest:)``.
    public func activeToken(digest: SHA256Digest) throws -> TokenRecord? {
      try read { db in
        try db.first(
          """
          SELECT * FROM tokens WHERE digest = $1 AND revoked_at IS NULL
            AND (expires_at IS NULL OR expires_at > crisp_now())
          """, [digest.hex]
        ).map { try db.tokenRecord($0) }
      }
    }

    /// See ``TokenRegistry/hasActiveToken()``.
    public func hasActiveToken() throws -> Bool {
      try read { db in
        try db.first("SELECT 1 FROM tokens WHERE revoked_at IS NULL LIMIT 1") != nil
      }
    }

    /// See ``TokenRegistry/markUsed(_:)``.
    public func markUsed(_ ids: [TokenID]) throws {
      guard !ids.isEmpty else { return }
      let names = try JSONColumn.text(encoding: ids.map(\.rawValue), field: "tokens")
      try write { db, now in
        _ = try db.run(
          """
          UPDATE tokens t SET used_at = greatest(t.used_at, $1) FROM (SELECT number FROM tokens
            WHERE id IN (SELECT json_array_elements_text($2::json)) ORDER BY number
            FOR NO KEY UPDATE) u
          WHERE t.number = u.number
          """, [now, names])
        try db.run(
          """
          UPDATE users u SET seen_at = $1 FROM (SELECT id FROM users WHERE seen_at <= $1 - $3::bigint
              AND id IN (SELECT user_id FROM tokens
                WHERE id IN (SELECT json_array_elements_text($2::json)))
            ORDER BY id FOR NO KEY UPDATE) s
          WHERE u.id = s.id
          """, [now, names, StoreRules.seenInterval])
      }
    }

    /// See ``TokenRegistry/revokeToken(_:)``.
    public func revokeToken(_ id: TokenID) throws {
      try write { db, now in
        let found = try db.run(
          "UPDATE tokens SET revoked_at = coalesce(revoked_at, $1) WHERE id = $2",
          [now, id.rawValue])
        guard found == 1 else { throw StoreError.notFound(.token, id.rawValue) }
      }
    }
  }

  extension PostgresSession {
    fileprivate func userCreated(_ id: UserID) throws -> Date {
      guard let row = try first("SELECT created_at FROM users WHERE id = $1", [id.text]) else {
        throw StoreError.notFound(.user, id.text)
      }
      return try row.date("created_at")
    }

    func profileRecord(_ row: PostgresRow) throws -> ProfileRecord {
      ProfileRecord(
        version: try row.int("version"), baseModel: try row.text("base_model"),
        classes: try row.list("classes", of: ClassWeight.self),
        classCount: try row.int("class_count"), createdAt: try row.date("created_at"))
    }

    func tokenRecord(_ row: PostgresRow) throws -> TokenRecord {
      TokenRecord(
        id: try row.identifier("id", as: TokenID.self), digest: try row.digest("digest"),
        user: try row.optionalUser("user_id"), label: try row.text("label"),
        scope: try row.value("scope", TokenScope.init(rawValue:)),
        createdAt: try row.date("created_at"), expiresAt: try row.optionalDate("expires_at"),
        usedAt: try row.optionalDate("used_at"), revokedAt: try row.optionalDate("revoked_at"))
    }

    /// See ``UserDirectory/storedBytes(of:)``.
    func storedBytes(of user: String) throws -> Int64 {
      try number("SELECT \(Self.storedBytes(of: "$1")) AS n", [user])
    }

    /// The same of the user that an expression names.
    static func storedBytes(of user: String) -> String {
      // Sums of bigint are numeric: no overflow before the bound.
      """
      (SELECT least(9223372036854775807, coalesce(sum(size), 0))::bigint FROM (
        SELECT m.size FROM model_users u JOIN models m ON m.number = u.model
          WHERE u.user_id = \(user)
        UNION ALL
        SELECT f.size FROM model_users u JOIN model_files f ON f.model = u.model
          WHERE u.user_id = \(user)
        UNION ALL
        SELECT b.size FROM jobs j JOIN checkpoints c ON c.job = j.number
          JOIN blobs b ON b.digest = c.blob
          WHERE j.owner = \(user) AND j.status IN ('queued', 'running')
        UNION ALL
        SELECT bytes + \(StoreRules.bytesPerJob) FROM job_requesters WHERE user_id = \(user)
        UNION ALL
        SELECT bytes FROM profiles WHERE user_id = \(user)
      ) s)
      """
    }

    /// - Returns: The open jobs nobody waits for after this, which are cancelled.
    fileprivate func leaveJobs(user: String, now: Int64) throws -> [JobID] {
      let rows = try all(
        """
        SELECT j.number, j.id, j.status FROM job_requesters r JOIN jobs j ON j.number = r.job
        WHERE r.user_id = $1 ORDER BY j.number FOR UPDATE OF j
        """, [user])
      var cancelled: [JobID] = []
      for row in rows {
        let job = try row.integer("number")
        try detach(user, fromJob: job)
        let status = try row.value("status", JobStatus.init(rawValue:))
        if !status.isFinished, try !isWanted(job: job) {
          try cancel(job, now: now)
          cancelled.append(try row.identifier("id", as: JobID.self))
        }
      }
      return cancelled
    }

    /// - Returns: The models nobody has after this, which are deleted.
    fileprivate func leaveModels(user: String) throws -> [ModelID] {
      // Locked first: whoever is just given one of them is seen by the next statement.
      _ = try all(
        """
        SELECT 1 FROM model_users u JOIN models m ON m.number = u.model
        WHERE u.user_id = $1 ORDER BY m.number FOR UPDATE OF m
        """, [user])
      let orphans = try all(
        """
        SELECT m.number, m.id FROM model_users u JOIN models m ON m.number = u.model
        WHERE u.user_id = $1 AND NOT EXISTS
          (SELECT 1 FROM model_users o WHERE o.model = u.model AND o.user_id <> $1)
        ORDER BY m.number
        """, [user])
      for row in orphans { try deleteModel(number: row.integer("number")) }
      return try orphans.map { try $0.identifier("id", as: ModelID.self) }
    }
  }
#endif
