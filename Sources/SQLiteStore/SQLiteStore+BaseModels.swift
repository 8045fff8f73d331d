import GRDB
import Store

extension SQLiteStore {
  /// See ``ModelCatalog/addBaseModel(_:)``.
  public func addBaseModel(_ model: BaseModelRecord) throws -> Registered<BaseModelRecord> {
    try model.validate()
    let labels = try JSONColumn.text(encoding: model.labels, field: "labels")
    let metadata = try JSONColumn.text(model.metadata, field: "metadata")
    return try write { db, now in
      _ = try db.blobRecord(model.blob)
      _ = try db.dataset(model.dataset, lists)
      try db.run(
        """
        INSERT INTO base_models (name, architecture, blob, dataset, labels, digest,
          parameter_count, metadata, created_at, is_default)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NOT EXISTS (SELECT 1 FROM base_models))
        ON CONFLICT (name) DO NOTHING
        """,
        [
          model.name, model.architecture, model.blob.hex, model.dataset, labels,
          model.digest.hex, model.parameterCount, metadata, now,
        ])
      let registered = try db.baseModel(model.name, lists)
      guard registered.record == model else { throw StoreError.nameTaken(.baseModel, model.name) }
      return registered
    }
  }

  /// See ``ModelCatalog/baseModel(_:)``.
  public func baseModel(_ name: String) throws -> Registered<BaseModelRecord> {
    try read { db in try db.baseModel(name, lists) }
  }

  /// See ``ModelCatalog/baseModels()``.
  public func baseModels() throws -> [Registered<BaseModelRecord>] {
    try read { db in
      try db.all("SELECT \(Database.baseModelColumns) FROM base_models ORDER BY name")
        .map { try db.baseModelRecord($0, lists) }
    }
  }

  /// See ``ModelCatalog/defaultBaseModel()``.
  public func defaultBaseModel() throws -> String? {
    try read { db in
      try db.first("SELECT name FROM base_models WHERE is_default = 1", [])?.text("name")
    }
  }

  /// See ``ModelCatalog/setDefaultBaseModel(_:)``.
  public func setDefaultBaseModel(_ name: String) throws {
    try write { db, _ in
      _ = try db.baseModel(name, lists)
      try db.run("UPDATE base_models SET is_default = 0 WHERE is_default = 1", [])
      try db.run("UPDATE base_models SET is_default = 1 WHERE name = ?", [name])
    }
  }
}

extension Database {
  /// What a base model's record is read from, but for its labels.
  fileprivate static let baseModelColumns = """
    name, architecture, blob, dataset, digest, parameter_count, metadata, created_at
    """

  func baseModel(
    _ name: String, _ lists: ListCache
  ) throws -> Registered<BaseModelRecord> {
    guard
      let row = try first(
        "SELECT \(Self.baseModelColumns) FROM base_models WHERE name = ?", [name])
    else { throw StoreError.notFound(.baseModel, name) }
    return try baseModelRecord(row, lists)
  }

  fileprivate func baseModelRecord(
    _ row: Row, _ lists: ListCache
  ) throws -> Registered<BaseModelRecord> {
    try baseModelRecord(row, labels: names("labels", of: "base_models", for: row, lists))
  }

  func baseModelRecord(_ row: Row, labels: [String]) throws -> Registered<BaseModelRecord> {
    Registered(
      record: BaseModelRecord(
        name: try row.text("name"), architecture: try row.text("architecture"),
        blob: try row.digest("blob"), dataset: try row.text("dataset"),
        labels: labels, digest: try row.digest("digest"),
        parameterCount: try row.amount("parameter_count"),
        metadata: try row.document("metadata")),
      createdAt: try row.date("created_at"))
  }
}
