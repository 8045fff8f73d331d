import Digests
import GRDB
import Inputs
import Migrations
import Store

extension SQLiteStore {
  /// Faults of one kind that a report lists; a damaged file may have one in every row.
  private static let mostFaults = 100

  /// Reads everything: SQLite's own structures, the schema, every reference, row and blob. Takes as long as
  /// reading the file twice; others can work meanwhile. Rows of an earlier version's schema are not decoded.
  /// - Parameter examine: Throws for a document that is none of its kind.
  public func check(_ examine: (CheckedRecord) throws -> Void = { _ in }) throws -> StoreReport {
    var (integrity, foreignKeys, schema, rows, digests) = try read { db in
      let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
      return (
        try String.fetchAll(db, sql: "PRAGMA integrity_check").filter { $0 != "ok" },
        try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").map(Self.foreignKeyError),
        try Self.schemaFaults(db, version: version),
        version == migrations.count ? try Self.rowFaults(db, examine) : [],
        try String.fetchAll(
          db, sql: "SELECT CAST(digest AS TEXT) FROM blobs WHERE digest IS NOT NULL ORDER BY number"
        )
      )
    }
    var corrupt: [SHA256Digest] = []
    var blobs = 0
    var bytes: Int64 = 0
    for text in digests {
      do {
        let digest = try SHA256Digest(hex: text)
        // A blob collected since the list was read is no fault.
        guard let blob = try blob(digest) else { continue }
        if try !check(digest) { corrupt.append(digest) }
        blobs += 1
        bytes += blob.size
      } catch StoreError.databaseCorrupt(let reason) {
        rows.append("blob \(text.prefix(64)): \(reason)")
      } catch is DigestError {
        rows.append("a blob is called \"\(text.prefix(80))\"")
      }
    }
    return StoreReport(
      integrityErrors: integrity, schemaErrors: schema, foreignKeyErrors: foreignKeys,
      rowErrors: rows, corruptBlobs: corrupt, blobsChecked: blobs, bytesChecked: bytes)
  }

  private static func foreignKeyError(_ row: Row) throws -> String {
    let table = try row.text("table")
    let parent = try row.text("parent")
    return "a row of \(table) refers to a missing row of \(parent)"
  }

  // MARK: Schema

  /// Where the schema differs from what the migrations make: a trigger, say, that somebody added changes
  /// what every statement does.
  private static func schemaFaults(_ db: Database, version: Int) throws -> [String] {
    let model = try DatabaseQueue()
    let expected = try model.write { db in
      for migration in migrations.prefix(version) { try db.execute(sql: migration.sql) }
      return try objects(db)
    }
    let found = try objects(db)
    return Set(expected.keys).union(found.keys).sorted().compactMap { name in
      switch (expected[name], found[name]) {
      case (nil, _): "the \(name) is none of this program's: drop it"
      case (_, nil): "the \(name) is missing"
      case (let expected, let found): expected == found ? nil : "the \(name) was changed"
      }
    }
  }

  /// Statements that make what there is, by kind and name. SQLite quotes names when it renames them.
  private static func objects(_ db: Database) throws -> [String: String] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT CAST(type AS TEXT) || ' ' || CAST(name AS TEXT) AS name,
          coalesce(CAST(sql AS TEXT), '') AS sql FROM sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'
        """)
    var objects: [String: String] = [:]
    for row in rows {
      let statement = try row.text("sql").filter { !$0.isWhitespace && $0 != "\"" }
      objects[try row.text("name")] = statement
    }
    return objects
  }

  // MARK: Rows

  /// Rows that cannot be read as what they are.
  private static func rowFaults(
    _ db: Database, _ examine: (CheckedRecord) throws -> Void
  ) throws -> [String] {
    var all = try faults(db, "users", "SELECT id, created_at FROM users") {
      _ = try ($0.user("id"), $0.date("created_at"))
    }
    all += try faults(
      db, "profiles",
      """
      SELECT p.version, p.base_model, p.created_at, p.class_count, p.bytes,
        coalesce(w.classes, p.classes) AS classes
      FROM profiles p LEFT JOIN profile_documents w ON w.user = p.user AND w.version = p.version
      """
    ) {
      _ = try (db.profileRecord($0), $0.amount("bytes"))
    }
    all += try faults(
      db, "jobs",
      "SELECT \(Database.wholeJobColumns), j.turn, j.cost, j.memory_used FROM jobs j"
    ) { row in
      _ = try (
        row.integer("turn", in: 0...Int64.max), row.int("cost"), row.amount("memory_used")
      )
      try examine(.job(db.jobRecord(row)))
    }
    all += try faults(db, "job_requesters", "SELECT user, priority, bytes FROM job_requesters") {
      _ = try ($0.user("user"), $0.optionalInteger("priority"), $0.amount("bytes"))
    }
    all += try faults(
      db, "job_events", "SELECT sequence, level, type, message, data, created_at FROM job_events"
    ) {
      _ = try (
        $0.amount("sequence"), $0.value("level", EventLevel.init(rawValue:)), $0.text("type"),
        $0.text("message"), $0.optionalDocument("data"), $0.date("created_at")
      )
    }
    all += try faults(db, "checkpoints", "SELECT attempt, iteration, blob FROM checkpoints") {
      _ = try ($0.int("attempt"), $0.int("iteration"), $0.digest("blob"))
    }
    all += try faults(db, "models", "SELECT \(Database.wholeModelColumns) FROM models m") {
      try examine(.model(db.modelRecord($0)))
    }
    all += try faults(db, "base_models", "SELECT * FROM base_models") {
      _ = try db.baseModelRecord($0, labels: $0.list("labels", of: String.self))
    }
    all += try faults(db, "datasets", "SELECT * FROM datasets") { row in
      let classes = try row.list("classes", of: String.self)
      try examine(.dataset(db.datasetRecord(row, classes: classes).record))
    }
    all += try faults(db, "tokens", "SELECT * FROM tokens") { _ = try db.tokenRecord($0) }
    all += try faults(db, "speeds", "SELECT units_per_second, jobs FROM speeds") { row in
      let speed: Double = try row.decode(forColumn: "units_per_second")
      guard speed > 0, speed.isFinite, try row.int("jobs") >= 0 else {
        throw StoreError.databaseCorrupt(reason: "units_per_second holds \(speed)")
      }
    }
    return all
  }

  private static func faults(
    _ db: Database, _ table: String, _ sql: String, decode: (Row) throws -> Void
  ) throws -> [String] {
    let rows = try Row.fetchCursor(db.cachedStatement(sql: sql))
    var faults: [String] = []
    while let row = try rows.next(), faults.count < mostFaults {
      do { try decode(row) } catch {
        let reason =
          switch StoreError.translating(error, path: "") {
          case StoreError.databaseCorrupt(let reason): reason
          case let error: "\(error)"
          }
        let name = (try? row.text("id")) ?? (try? row.text("name"))
        faults.append("a row of \(table)\(name.map { " (\($0.echoed(80)))" } ?? ""): \(reason)")
      }
    }
    return faults
  }
}
