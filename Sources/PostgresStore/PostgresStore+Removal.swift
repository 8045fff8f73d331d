#if Fleet
  import Store

  extension PostgresStore {
    /// See ``AdministeredStore/moveDataset(_:)``.
    public func moveDataset(_ dataset: DatasetRecord) throws -> Registered<DatasetRecord> {
      try dataset.validate()
      return try write { db, _ in
        var known = try db.dataset(dataset.name).record
        (known.path, known.fingerprint) = (dataset.path, dataset.fingerprint)
        guard known == dataset else { throw StoreError.nameTaken(.dataset, dataset.name) }
        try db.run(
          "UPDATE datasets SET path = $1, fingerprint = $2 WHERE name = $3",
          [dataset.path, dataset.fingerprint?.hex, dataset.name])
        return try db.dataset(dataset.name)
      }
    }

    /// See ``AdministeredStore/removeDataset(_:)``.
    public func removeDataset(_ name: String) throws {
      try write { db, _ in
        // Locked: a base model that is just being added for it is seen by the next statement.
        guard try db.first("SELECT 1 FROM datasets WHERE name = $1 FOR UPDATE", [name]) != nil
        else { throw StoreError.notFound(.dataset, name) }
        let users = try db.all(
          "SELECT name FROM base_models WHERE dataset = $1 ORDER BY name", [name]
        ).map { try $0.text("name") }
        guard users.isEmpty else { throw StoreRules.datasetInUse(name, by: users) }
        try db.run("DELETE FROM datasets WHERE name = $1", [name])
      }
    }

    /// See ``AdministeredStore/replaceBaseModel(_:)``.
    public func replaceBaseModel(_ model: BaseModelRecord) throws -> Registered<BaseModelRecord> {
      try model.validate()
      let labels = try JSONColumn.text(encoding: model.labels, field: "labels")
      let metadata = try JSONColumn.text(model.metadata, field: "metadata")
      return try write { db, _ in
        let known = try db.lockedBaseModel(model.name)
        _ = try db.blobRecord(model.blob)
        guard known != model else { return try db.baseModel(model.name) }
        guard known.dataset == model.dataset else {
          throw StoreError.nameTaken(.baseModel, model.name)
        }
        try db.requireIdle(model.name)
        try db.run(
          """
          UPDATE base_models SET architecture = $1, blob = $2, labels = $3, digest = $4,
            parameter_count = $5, metadata = $6 WHERE name = $7
          """,
          [
            model.architecture, model.blob.hex, labels, model.digest.hex, model.parameterCount,
            metadata, model.name,
          ])
        try db.run("DELETE FROM speeds WHERE base_model = $1", [model.name])
        try db.doomIfUnused(digest: known.blob.hex)
        return try db.baseModel(model.name)
      }
    }

    /// See ``AdministeredStore/removeBaseModel(_:)``.
    public func removeBaseModel(_ name: String, withModels: Bool) throws -> Int {
      try write { db, _ in _ = try db.requireUnneeded(name, ignoringModels: withModels) }
      let models = withModels ? try removeModels(ofBaseModel: name) : 0
      for (table, key, condition) in [
        ("jobs", "number", "AND finished_at IS NOT NULL AND result_model IS NULL"),
        ("profiles", "user_id, version", ""),
      ] {
        var count = Self.step
        while count == Self.step {
          count = try write { db, _ in
            try db.run(
              """
              DELETE FROM \(table) WHERE (\(key)) IN (SELECT \(key) FROM \(table)
                WHERE base_model = $1 \(condition) LIMIT $2 FOR UPDATE SKIP LOCKED)
              """, [name, Self.step])
          }
        }
      }
      try write { db, _ in
        // A request may have come meanwhile.
        let blob = try db.requireUnneeded(name)
        try db.run("DELETE FROM jobs WHERE base_model = $1", [name])
        try db.run("DELETE FROM profiles WHERE base_model = $1", [name])
        try db.run("DELETE FROM base_models WHERE name = $1", [name])
        try db.doomIfUnused(digest: blob)
      }
      return models
    }

    private func removeModels(ofBaseModel name: String) throws -> Int {
      var total = 0
      while true {
        let some = try write { db, _ in
          let rows = try db.all(
            """
            SELECT number, job FROM models WHERE base_model = $1 ORDER BY number LIMIT 10 FOR UPDATE
            """, [name])
          for row in rows {
            try db.deleteModel(number: row.integer("number"))
            try db.run("DELETE FROM jobs WHERE number = $1", [row.integer("job")])
          }
          return rows.count
        }
        total += some
        guard some == 10 else { return total }
      }
    }
  }

  extension PostgresSession {
    /// The base model, which nobody refers to anew until the transaction ends.
    fileprivate func lockedBaseModel(_ name: String) throws -> BaseModelRecord {
      _ = try first("SELECT 1 FROM base_models WHERE name = $1 FOR UPDATE", [name])
      return try baseModel(name).record
    }

    /// - Throws: ``StoreError/inUse(_:_:by:)`` while jobs wait or run that need the base model.
    fileprivate func requireIdle(_ name: String) throws {
      let open = "FROM jobs WHERE status IN ('queued', 'running') AND base_model = $1"
      try StoreRules.requireIdle(
        name, openJobs: Int(clamping: try number("SELECT count(*) AS n \(open)", [name])),
        jobs: try all("SELECT id \(open) ORDER BY number LIMIT 3", [name]).map {
          try $0.identifier("id", as: JobID.self)
        })
    }

    /// - Returns: The digest of the base model's file.
    fileprivate func requireUnneeded(
      _ name: String, ignoringModels: Bool = false
    ) throws -> String {
      let known = try lockedBaseModel(name)
      try requireIdle(name)
      guard
        let row = try first(
          """
          SELECT (SELECT count(*) FROM models WHERE base_model = $1) AS models, is_default,
            EXISTS (SELECT 1 FROM base_models WHERE name <> $1) AS has_others
          FROM base_models WHERE name = $1
          """, [name])
      else { throw StoreError.notFound(.baseModel, name) }
      try StoreRules.requireUnneeded(
        name, models: ignoringModels ? 0 : row.int("models"), isDefault: row.bool("is_default"),
        hasOthers: row.bool("has_others"))
      return known.blob.hex
    }
  }
#endif
