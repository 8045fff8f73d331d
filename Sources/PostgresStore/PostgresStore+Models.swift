#if Fleet
  import Digests
  import Foundation
  import Store

  extension PostgresStore {
    /// See ``ModelCatalog/model(_:)``.
    public func model(_ id: ModelID) throws -> ModelRecord {
      try read { db in try db.modelRecord(id) }
    }

    /// See ``ModelCatalog/model(fingerprint:)``.
    public func model(fingerprint: SHA256Digest) throws -> ModelRecord? {
      try read { db in
        try db.first("SELECT number FROM models WHERE fingerprint = $1", [fingerprint.hex])
          .map { try db.modelRecord(number: $0.integer("number")) }
      }
    }

    /// See ``ModelCatalog/models(_:after:limit:)``.
    public func models(_ filter: ModelFilter, after: ModelID?, limit: Int) throws
      -> Page<ModelRecord>
    {
      try Page<ModelRecord>.validate(limit: limit)
      return try read { db in
        let before = try after.map { try db.modelNumber($0) } ?? Int64.max
        let columns = PostgresSession.modelColumns(isWhole: false)
        let sql: String
        var values: [(any PostgresBindable)?] = [before, limit + 1]
        if let user = filter.user {
          sql = """
            SELECT \(columns) FROM model_users u JOIN models m ON m.number = u.model
            WHERE u.user_id = $3 AND (u.added_at, u.model) < ($4, $1)
            ORDER BY u.added_at DESC, u.model DESC LIMIT $2
            """
          let added = try after == nil ? Int64.max : db.timeAdded(before, to: user)
          values += [user.text, added]
        } else {
          sql = """
            SELECT \(columns) FROM models m WHERE m.number < $1 ORDER BY m.number DESC LIMIT $2
            """
        }
        return try db.page(sql, values, limit: limit) { try db.modelRecord($0) }
      }
    }

    /// See ``ModelCatalog/hasModel(_:user:)``.
    public func hasModel(_ id: ModelID, user: UserID) throws -> Bool {
      try modelAdded(id, to: user) != nil
    }

    /// See ``ModelCatalog/modelAdded(_:to:)``.
    public func modelAdded(_ id: ModelID, to user: UserID) throws -> Date? {
      try read { db in
        try db.first(
          "SELECT added_at FROM model_users WHERE user_id = $1 AND model = $2",
          [user.text, db.modelNumber(id)]
        ).map { try $0.date("added_at") }
      }
    }

    /// See ``ModelCatalog/addFile(_:to:)``.
    public func addFile(_ file: NewModelFile, to id: ModelID) throws -> ModelFileRecord {
      try file.validate()
      return try write { db, _ in
        let model = try db.modelNumber(id)
        let blob = try db.blobRecord(file.blob)
        try db.run(
          """
          INSERT INTO model_files (model, name, blob, size, media_type) VALUES ($1, $2, $3, $4, $5)
          ON CONFLICT (model, name) DO NOTHING
          """, [model, file.name, blob.digest.hex, blob.size, file.mediaType])
        guard
          let row = try db.first(
            "SELECT name, blob, size, media_type FROM model_files WHERE model = $1 AND name = $2",
            [model, file.name])
        else { throw StoreError.databaseCorrupt(reason: "a model's file is missing") }
        return try db.fileRecord(row)
      }
    }

    /// See ``ModelCatalog/markUsed(_:)``.
    public func markUsed(_ ids: [ModelID]) throws {
      guard !ids.isEmpty else { return }
      let names = try JSONColumn.text(encoding: ids.map(\.rawValue), field: "models")
      try write { db, now in
        // In one order, so that two that mark the same models do not wait for each other.
        _ = try db.run(
          """
          UPDATE models m SET used_at = greatest(m.used_at, $1) FROM (SELECT number FROM models
            WHERE id IN (SELECT json_array_elements_text($2::json)) ORDER BY number
            FOR NO KEY UPDATE) u
          WHERE m.number = u.number
          """, [now, names])
      }
    }

    /// See ``ModelCatalog/expireModels(unusedFor:)``.
    public func expireModels(unusedFor age: TimeInterval) throws -> [ModelID] {
      let age = try Timestamp.milliseconds(0, plus: age, field: "grace period")
      var deleted: [ModelID] = []
      while true {
        let some = try write { db, now in
          let models = try db.all(
            """
            SELECT number, id, job FROM models WHERE used_at <= $1 AND created_at <= $1
            ORDER BY number LIMIT 10 FOR UPDATE SKIP LOCKED
            """, [now - age])
          for row in models {
            try db.deleteModel(number: row.integer("number"))
            try db.run("DELETE FROM jobs WHERE number = $1", [row.integer("job")])
          }
          return try models.map { try $0.identifier("id", as: ModelID.self) }
        }
        deleted += some
        guard some.count == 10 else { break }
      }
      try removeDoomedBlobs()
      return deleted
    }
  }

  extension PostgresSession {
    /// What ``modelRecord(_:)`` reads of the table `models` called `m`.
    static func modelColumns(isWhole: Bool) -> String {
      """
      m.number, m.id, m.fingerprint, m.base_model, m.blob, m.size, m.metadata, m.created_at,
      m.label_count, (SELECT j.id FROM jobs j WHERE j.number = m.job) AS job,
      \(isWhole
        ? "m.labels, m.card"
        : "coalesce(m.first_labels, m.labels) AS labels, coalesce(m.short_card, m.card) AS card")
      """
    }

    /// The row number behind a model's name.
    func modelNumber(_ id: ModelID) throws -> Int64 {
      guard let row = try first("SELECT number FROM models WHERE id = $1", [id.rawValue]) else {
        throw StoreError.notFound(.model, id.rawValue)
      }
      return try row.integer("number")
    }

    /// When the user got a model; for one that the user does not have, when it was made.
    fileprivate func timeAdded(_ model: Int64, to user: UserID) throws -> Int64 {
      try number(
        """
        SELECT coalesce((SELECT added_at FROM model_users WHERE user_id = $1 AND model = $2),
          (SELECT created_at FROM models WHERE number = $2), 0) AS n
        """, [user.text, model])
    }

    func modelRecord(_ id: ModelID) throws -> ModelRecord {
      guard
        let row = try first(
          "SELECT \(Self.modelColumns(isWhole: true)) FROM models m WHERE m.id = $1", [id.rawValue])
      else { throw StoreError.notFound(.model, id.rawValue) }
      return try modelRecord(row)
    }

    func modelRecord(number: Int64) throws -> ModelRecord {
      guard
        let row = try first(
          "SELECT \(Self.modelColumns(isWhole: true)) FROM models m WHERE m.number = $1", [number])
      else { throw StoreError.databaseCorrupt(reason: "model number \(number) is missing") }
      return try modelRecord(row)
    }

    /// - Parameter hasFiles: False where it is known that there are none, which saves a question.
    func modelRecord(_ row: PostgresRow, hasFiles: Bool = true) throws -> ModelRecord {
      let files =
        try hasFiles
        ? all(
          "SELECT name, blob, size, media_type FROM model_files WHERE model = $1 ORDER BY name",
          [row.integer("number")]) : []
      return ModelRecord(
        id: try row.identifier("id", as: ModelID.self), fingerprint: try row.digest("fingerprint"),
        job: try row.identifier("job", as: JobID.self), baseModel: try row.text("base_model"),
        blob: BlobRecord(digest: try row.digest("blob"), size: try row.amount("size")),
        labels: try row.list("labels", of: String.self), labelCount: try row.int("label_count"),
        card: try row.document("card"), metadata: try row.document("metadata"),
        files: try files.map { try fileRecord($0) }, createdAt: try row.date("created_at"))
    }

    fileprivate func fileRecord(_ row: PostgresRow) throws -> ModelFileRecord {
      ModelFileRecord(
        name: try row.text("name"),
        blob: BlobRecord(digest: try row.digest("blob"), size: try row.amount("size")),
        mediaType: try row.text("media_type"))
    }

    /// Deletes a model with its files.
    func deleteModel(number: Int64) throws {
      let blobs = try all(
        """
        SELECT blob FROM models WHERE number = $1
        UNION SELECT blob FROM model_files WHERE model = $1 ORDER BY blob
        """, [number]
      ).map { try $0.text("blob") }
      try run("DELETE FROM models WHERE number = $1", [number])
      for blob in blobs { try doomIfUnused(digest: blob) }
    }
  }
#endif
