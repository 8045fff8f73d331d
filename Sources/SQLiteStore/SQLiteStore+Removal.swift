import GRDB
import Store

extension SQLiteStore {
  /// See ``AdministeredStore/moveDataset(_:)``.
  public func moveDataset(_ dataset: DatasetRecord) throws -> Registered<DatasetRecord> {
    try dataset.validate()
    return try write { db, _ in
      var known = try db.dataset(dataset.name, lists).record
      (known.path, known.fingerprint) = (dataset.path, dataset.fingerprint)
      guard known == dataset else { throw StoreError.nameTaken(.dataset, dataset.name) }
      try db.run(
        "UPDATE datasets SET path = ?, fingerprint = ? WHERE name = ?",
        [dataset.path, dataset.fingerprint?.hex, dataset.name])
      return try db.dataset(dataset.name, lists)
    }
  }

  /// See ``AdministeredStore/removeDataset(_:)``.
  public func removeDataset(_ name: String) throws {
    try write { db, _ in
      let users = try db.all(
        "SELECT name FROM base_models WHERE dataset = ? ORDER BY name", [name]
      ).map { try $0.text("name") }
      guard users.isEmpty else { throw StoreRules.datasetInUse(name, by: users) }
      guard try db.run("DELETE FROM datasets WHERE name = ?", [name]) > 0 else {
        throw StoreError.notFound(.dataset, name)
      }
    }
  }

  /// See ``AdministeredStore/replaceBaseModel(_:)``.
  public func replaceBaseModel(_ model: BaseModelRecord) throws -> Registered<BaseModelRecord> {
    try model.validate()
    let labels = try JSONColumn.text(encoding: model.labels, field: "labels")
    let metadata = try JSONColumn.text(model.metadata, field: "metadata")
    return try write { db, _ in
      let known = try db.baseModel(model.name, lists).record
      _ = try db.blobRecord(model.blob)
      guard known != model else { return try db.baseModel(model.name, lists) }
      guard known.dataset == model.dataset else {
        throw StoreError.nameTaken(.baseModel, model.name)
      }
      try db.requireIdle(model.name)
      try db.run(
        """
        UPDATE base_models SET architecture = ?, blob = ?, labels = ?, digest = ?,
          parameter_count = ?, metadata = ? WHERE name = ?
        """,
        [
          model.architecture, model.blob.hex, labels, model.digest.hex, model.parameterCount,
          metadata, model.name,
        ])
      try db.run("DELETE FROM speeds WHERE base_model = ?", [model.name])
      try db.doomIfUnused(known.blob.hex, as: .leisurely)
      return try db.baseModel(model.name, lists)
    }
  }

  /// See ``AdministeredStore/removeBaseModel(_:)``.
  public func removeBaseModel(_ name: String, withModels: Bool) throws -> Int {
    _ = try write { db, _ in try db.requireUnneeded(name, lists, ignoringModels: withModels) }
    let models = withModels ? try removeModels(ofBaseModel: name) : 0
    for (table, key, condition) in [
      ("jobs", "number", "AND finished_at IS NOT NULL AND result_model IS NULL"),
      ("profiles", "rowid", ""),
    ] {
      // A job may take thousands of events with it.
      _ = try inSteps(of: 10) { db, _ in
        try db.run(
          """
          DELETE FROM \(table) WHERE \(key) IN (SELECT \(key) FROM \(table)
            WHERE base_model = ? \(condition) LIMIT 10)
          """, [name])
      }
    }
    try write { db, _ in
      // A request may have come meanwhile.
      let blob = try db.requireUnneeded(name, lists)
      try db.run("DELETE FROM jobs WHERE base_model = ?", [name])
      try db.run("DELETE FROM profiles WHERE base_model = ?", [name])
      try db.run("DELETE FROM base_models WHERE name = ?", [name])
      try db.doomIfUnused(blob, as: .leisurely)
    }
    return models
  }

  private func removeModels(ofBaseModel name: String) throws -> Int {
    try inSteps(of: 10) { db, _ in
      let rows = try db.all("SELECT number, job FROM models WHERE base_model = ? LIMIT 10", [name])
      for row in rows {
        try db.deleteModel(number: row.integer("number"), as: .leisurely)
        try db.run("DELETE FROM jobs WHERE number = ?", [row.integer("job")])
      }
      return rows.count
    }
  }
}

extension Database {
  /// - Throws: ``StoreError/inUse(_:_:by:)`` while jobs wait or run that need the base model.
  fileprivate func requireIdle(_ name: String) throws {
    let open = "FROM jobs WHERE status IN ('queued', 'running') AND +base_model = ?"
    try StoreRules.requireIdle(
      name, openJobs: Int(try number("SELECT count(*) \(open)", [name])),
      jobs: try all("SELECT id \(open) ORDER BY number LIMIT 3", [name]).map {
        try $0.identifier("id", as: JobID.self)
      })
  }

  /// - Returns: The digest of the base model's file.
  @discardableResult
  fileprivate func requireUnneeded(
    _ name: String, _ lists: ListCache, ignoringModels: Bool = false
  ) throws -> String {
    let known = try baseModel(name, lists).record
    try requireIdle(name)
    let models = try number("SELECT count(*) FROM models WHERE base_model = ?", [name])
    try StoreRules.requireUnneeded(
      name, models: ignoringModels ? 0 : Int(models),
      isDefault: try first(
        "SELECT 1 FROM base_models WHERE name = ? AND is_default = 1", [name]) != nil,
      hasOthers: try first("SELECT 1 FROM base_models WHERE name <> ? LIMIT 1", [name]) != nil)
    return known.blob.hex
  }
}
