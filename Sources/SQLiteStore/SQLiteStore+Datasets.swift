import GRDB
import Store

extension SQLiteStore {
  /// See ``ModelCatalog/addDataset(_:)``.
  public func addDataset(_ dataset: DatasetRecord) throws -> Registered<DatasetRecord> {
    try dataset.validate()
    let classes = try JSONColumn.text(encoding: dataset.classes, field: "classes")
    let counts = try JSONColumn.text(dataset.counts, field: "counts")
    return try write { db, now in
      try db.run(
        """
        INSERT INTO datasets (name, path, format, digest, classes, counts, fingerprint, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING
        """,
        [
          dataset.name, dataset.path, dataset.format, dataset.digest.hex, classes, counts,
          dataset.fingerprint?.hex, now,
        ])
      var registered = try db.dataset(dataset.name, lists).record
      registered.fingerprint = dataset.fingerprint
      guard registered == dataset else { throw StoreError.nameTaken(.dataset, dataset.name) }
      try db.run(
        "UPDATE datasets SET fingerprint = ?1 WHERE name = ?2 AND fingerprint IS NOT ?1",
        [dataset.fingerprint?.hex, dataset.name])
      return try db.dataset(dataset.name, lists)
    }
  }

  /// See ``ModelCatalog/dataset(_:)``.
  public func dataset(_ name: String) throws -> Registered<DatasetRecord> {
    try read { db in try db.dataset(name, lists) }
  }

  /// See ``ModelCatalog/datasets()``.
  public func datasets() throws -> [Registered<DatasetRecord>] {
    try read { db in
      try db.all("SELECT \(Database.datasetColumns) FROM datasets ORDER BY name")
        .map { try db.datasetRecord($0, lists) }
    }
  }
}

extension Database {
  /// What a data set's record is read from, but for its classes.
  fileprivate static let datasetColumns = """
    name, path, format, digest, counts, fingerprint, created_at
    """

  func dataset(_ name: String, _ lists: ListCache) throws -> Registered<DatasetRecord> {
    guard
      let row = try first("SELECT \(Self.datasetColumns) FROM datasets WHERE name = ?", [name])
    else { throw StoreError.notFound(.dataset, name) }
    return try datasetRecord(row, lists)
  }

  fileprivate func datasetRecord(_ row: Row, _ lists: ListCache) throws -> Registered<DatasetRecord>
  {
    try datasetRecord(row, classes: names("classes", of: "datasets", for: row, lists))
  }

  func datasetRecord(_ row: Row, classes: [String]) throws -> Registered<DatasetRecord> {
    Registered(
      record: DatasetRecord(
        name: try row.text("name"), path: try row.text("path"), format: try row.text("format"),
        digest: try row.digest("digest"), classes: classes,
        counts: try row.document("counts"), fingerprint: try row.optionalDigest("fingerprint")),
      createdAt: try row.date("created_at"))
  }
}
