import Digests
import GRDB
import Store

extension SQLiteStore {
  /// Rows that are handed over together.
  private static let movedTogether = 200

  /// Hands over every row, as it is where many use a store, from one snapshot and in an order in which none
  /// refers to a later one. Running jobs come as what any worker may take, and as nobody's death.
  /// - Throws: ``StoreError``, what `take` throws.
  package func moveRows(_ take: (MovedTable, [[MovedValue]]) throws -> Void) throws {
    try read { db in
      // A file that is opened for reading may be of any schema.
      let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
      guard version == Self.schemaVersion else {
        throw StoreError.olderSchema(path: path, found: version, supported: Self.schemaVersion)
      }
      for table in MovedTable.all {
        guard let query = Self.movedRows[table.name] else { continue }
        let rows = try Row.fetchCursor(db, sql: query)
        var some: [[MovedValue]] = []
        while let row = try rows.next() {
          some.append(try table.columns.map { try Self.moved(row, $0, of: table) })
          if some.count == Self.movedTogether {
            try take(table, some)
            some.removeAll(keepingCapacity: true)
          }
        }
        if !some.isEmpty { try take(table, some) }
      }
    }
  }

  /// All blobs with a name.
  package func blobDigests() throws -> [SHA256Digest] {
    try read { db in
      try db.all("SELECT digest FROM blobs WHERE digest IS NOT NULL ORDER BY number").map {
        try $0.digest("digest")
      }
    }
  }

  private static func moved(_ row: Row, _ column: String, of table: MovedTable) throws -> MovedValue
  {
    guard let value = row[column] as DatabaseValue? else {
      throw StoreError.databaseCorrupt(reason: "\(table.name) has no \(column)")
    }
    switch value.storage {
    case .null: return .null
    case .int64(let number):
      return table.flags.contains(column) ? .bool(number != 0) : .integer(number)
    case .double(let number): return .number(number)
    case .string(let text): return .text(text)
    case .blob: throw StoreError.databaseCorrupt(reason: "\(table.name).\(column) holds bytes")
    }
  }

  /// What is read for each table. What may be long is in tables of its own here, beside a row that has the
  /// beginning of it.
  private static let movedRows = [
    "queue_pause": "SELECT is_only, paused_at FROM queue_pause",
    "users": "SELECT id, created_at, seen_at FROM users ORDER BY id",
    "datasets": "SELECT * FROM datasets ORDER BY name",
    "base_models": "SELECT * FROM base_models ORDER BY created_at, name",
    "profiles": """
    SELECT p.user AS user_id, p.version, p.base_model, coalesce(w.classes, p.classes) AS classes,
      iif(w.user IS NULL, NULL, p.classes) AS first_classes, p.class_count,
      coalesce(w.profile, p.profile) AS profile, p.bytes, p.created_at
    FROM profiles p LEFT JOIN profile_documents w ON w.user = p.user AND w.version = p.version
    ORDER BY p.user, p.version
    """,
    "jobs": """
    SELECT j.number, j.id, j.owner, j.status, j.priority, j.turn, j.cost, j.fingerprint, j.base_model,
      coalesce(w.profile, j.profile) AS profile, iif(w.job IS NULL, NULL, j.profile) AS first_profile,
      j.class_count, j.recipe, j.seed, j.metadata, j.estimate, j.memory_estimate, j.created_at,
      j.started_at, j.finished_at, j.attempt, j.deaths, j.cancel_requested, j.error, j.log_kept,
      j.requires
    FROM jobs j LEFT JOIN job_profiles w ON w.job = j.number ORDER BY j.number
    """,
    "job_leases": """
    SELECT number AS job, attempt, 0 AS expires_at, memory_estimate, memory_used, 1 AS is_spared
    FROM jobs WHERE status = 'running' ORDER BY number
    """,
    "job_progress": """
    SELECT number AS job, progress FROM jobs WHERE progress IS NOT NULL ORDER BY number
    """,
    "job_requesters": """
    SELECT r.user AS user_id, r.job, r.added_at, coalesce(r.priority, j.priority) AS priority, r.bytes
    FROM job_requesters r JOIN jobs j ON j.number = r.job ORDER BY r.user, r.job
    """,
    "idempotency_keys": """
    SELECT user AS user_id, key, request, job, created_at FROM idempotency_keys ORDER BY user, key
    """,
    "job_events": "SELECT * FROM job_events ORDER BY job, sequence",
    "checkpoints": "SELECT * FROM checkpoints ORDER BY job, iteration",
    "models": """
    SELECT m.number, m.id, m.fingerprint, m.job, m.base_model, m.blob, m.size,
      coalesce(w.labels, m.labels) AS labels, iif(w.model IS NULL, NULL, m.labels) AS first_labels,
      m.label_count, coalesce(w.card, m.card) AS card,
      iif(w.model IS NULL, NULL, m.card) AS short_card, m.metadata, m.created_at, m.used_at
    FROM models m LEFT JOIN model_documents w ON w.model = m.number ORDER BY m.number
    """,
    "model_files": "SELECT * FROM model_files ORDER BY model, name",
    "model_users": "SELECT user AS user_id, model, added_at FROM model_users ORDER BY user, model",
    "tokens": "SELECT *, user AS user_id FROM tokens ORDER BY rowid",
    "speeds": "SELECT * FROM speeds ORDER BY base_model, machine",
    "queue_turns": "SELECT * FROM queue_turns ORDER BY priority",
    "user_turns": "SELECT user AS user_id, priority, turn FROM user_turns ORDER BY user, priority",
  ]
}
