import Digests
import Foundation
import GRDB
import Store

extension SQLiteStore {
  /// See ``ModelCatalog/model(_:)``.
  public func model(_ id: ModelID) throws -> ModelRecord {
    try read { db in try db.modelRecord(id) }
  }

  /// See ``ModelCatalog/model(fingerprint:)``.
  public func model(fingerprint: SHA256Digest) throws -> ModelRecord? {
    try read { db in
      let row = try db.first(
        "SELECT number FROM models WHERE fingerprint = ?", [fingerprint.hex])
      return try row.map { try db.modelRecord(number: $0.integer("number")) }
    }
  }

  /// See ``ModelCatalog/models(_:after:limit:)``.
  public func models(_ filter: ModelFilter, after: ModelID?, limit: Int) throws
    -> Page<ModelRecord>
  {
    try Page<ModelRecord>.validate(limit: limit)
    return try read { db in
      let before = try after.map { try db.modelNumber($0) } ?? .max
      let (sql, arguments): (String, StatementArguments)
      if let user = filter.user {
        let added: Int64 = try after == nil ? .max : db.timeAdded(before, to: user)
        (sql, arguments) = (Self.modelsOfUserQuery, [user.text, added, before, limit + 1])
      } else {
        (sql, arguments) = (
          """
          SELECT \(Database.modelColumns) FROM models m WHERE m.number < ?
          ORDER BY m.number DESC LIMIT ?
          """, [before, limit + 1]
        )
      }
      return try db.page(sql, arguments, limit: limit) { try db.modelRecord($0) }
    }
  }

  /// See ``ModelCatalog/hasModel(_:user:)``.
  public func hasModel(_ id: ModelID, user: UserID) throws -> Bool {
    try read { db in
      try db.first(
        "SELECT 1 FROM model_users WHERE user = ? AND model = ?",
        [user.text, db.modelNumber(id)]) != nil
    }
  }

  /// See ``ModelCatalog/modelAdded(_:to:)``.
  public func modelAdded(_ id: ModelID, to user: UserID) throws -> Date? {
    try read { db in
      try db.first(
        "SELECT added_at FROM model_users WHERE user = ? AND model = ?",
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
        INSERT INTO model_files (model, name, blob, size, media_type) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (model, name) DO NOTHING
        """, [model, file.name, blob.digest.hex, blob.size, file.mediaType])
      guard
        let row = try db.first(
          "SELECT name, blob, size, media_type FROM model_files WHERE model = ? AND name = ?",
          [model, file.name])
      else { throw StoreError.databaseCorrupt(reason: "a model's file is missing") }
      return try db.fileRecord(row)
    }
  }

  /// A user's models before a time and number, newest first.
  package static let modelsOfUserQuery = """
    SELECT \(Database.modelColumns)
    FROM model_users u INDEXED BY model_users_added_at CROSS JOIN models m ON m.number = u.model
    WHERE u.user = ? AND (u.added_at, u.model) < (?, ?)
    ORDER BY u.added_at DESC, u.model DESC LIMIT ?
    """
}

extension Database {
  private static let otherModelColumns = """
    m.number, m.id, m.fingerprint, m.base_model, m.blob, m.size, m.metadata, m.created_at,
    m.label_count, (SELECT j.id FROM jobs j WHERE j.number = m.job) AS job
    """

  /// What a model record of a list is read from: the table `models` called `m`.
  static let modelColumns = "\(otherModelColumns), m.labels, m.card"

  /// The same with all labels and the whole card.
  static let wholeModelColumns = """
    \(otherModelColumns),
    coalesce((SELECT w.labels FROM model_documents w WHERE w.model = m.number), m.labels) AS labels,
    coalesce((SELECT w.card FROM model_documents w WHERE w.model = m.number), m.card) AS card
    """

  /// The row number behind a model's name.
  func modelNumber(_ id: ModelID) throws -> Int64 {
    guard let row = try first("SELECT number FROM models WHERE id = ?", [id.rawValue]) else {
      throw StoreError.notFound(.model, id.rawValue)
    }
    return try row.integer("number")
  }

  /// When the user got a model; for one that the user does not have, when it was made.
  fileprivate func timeAdded(_ model: Int64, to user: UserID) throws -> Int64 {
    try number(
      """
      SELECT coalesce((SELECT added_at FROM model_users WHERE user = ? AND model = ?),
        (SELECT created_at FROM models WHERE number = ?), 0)
      """, [user.text, model, model])
  }

  func modelRecord(_ id: ModelID) throws -> ModelRecord {
    try modelRecord(number: modelNumber(id))
  }

  func modelRecord(number: Int64) throws -> ModelRecord {
    guard
      let row = try first(
        "SELECT \(Self.wholeModelColumns) FROM models m WHERE m.number = ?", [number])
    else { throw StoreError.databaseCorrupt(reason: "model number \(number) is missing") }
    return try modelRecord(row)
  }

  func modelRecord(_ row: Row) throws -> ModelRecord {
    let files = try all(
      "SELECT name, blob, size, media_type FROM model_files WHERE model = ? ORDER BY name",
      [row.integer("number")])
    return ModelRecord(
      id: try row.identifier("id", as: ModelID.self),
      fingerprint: try row.digest("fingerprint"),
      job: try row.identifier("job", as: JobID.self),
      baseModel: try row.text("base_model"),
      blob: BlobRecord(digest: try row.digest("blob"), size: try row.amount("size")),
      labels: try row.list("labels", of: String.self),
      labelCount: try row.int("label_count"),
      card: try row.document("card"),
      metadata: try row.document("metadata"),
      files: try files.map { try fileRecord($0) },
      createdAt: try row.date("created_at"))
  }

  fileprivate func fileRecord(_ row: Row) throws -> ModelFileRecord {
    ModelFileRecord(
      name: try row.text("name"),
      blob: BlobRecord(digest: try row.digest("blob"), size: try row.amount("size")),
      mediaType: try row.text("media_type"))
  }
}
