import GRDB
import Store

// `secure_delete` overwrites what is deleted, but not the copies that SQLite leaves behind when it
// moves rows from a full page to its neighbours: they stay in the pages' unused parts, where nobody
// knows of them. In an experiment 8 of 12,000 deleted names could still be read from the file. A
// table that is emptied gives all its pages back, and those are overwritten whole; so the tables that
// hold users' text are emptied and filled again. VACUUM would do, but copies every blob.
extension SQLiteStore {
  /// See ``UserDirectory/eraseRemains()``.
  public func eraseRemains() throws -> Bool {
    let last = try read { db in try db.number("SELECT coalesce(max(number), 0) FROM erasures") }
    guard last > 0 else { return true }
    try removeDoomedBlobs()
    for table in Self.tablesWithUserText { try rewrite(table) }
    guard try emptyLog() else { return false }
    // After the log, so that a process that dies before does all of it again.
    _ = try write { db, _ in try db.run("DELETE FROM erasures WHERE number <= ?", [last]) }
    return try read { db in try db.first("SELECT 1 FROM erasures LIMIT 1", []) == nil }
  }

  /// Every table with a column that a user's id, notes or keys are in.
  package static let tablesWithUserText = [
    "users", "profiles", "profile_documents", "jobs", "job_requesters", "idempotency_keys",
    "model_users", "tokens",
    "user_turns",
  ]

  /// Empties and fills a table in one transaction: readers see it full, before or after.
  private func rewrite(_ table: String) throws {
    try withoutTransaction { db in
      // Emptying would take along the rows that refer to these, which come back the same.
      try db.execute(sql: "PRAGMA foreign_keys = OFF")
      defer { try? db.execute(sql: "PRAGMA foreign_keys = ON") }
      try db.inTransaction(.immediate) {
        try db.execute(
          sql: """
            CREATE TABLE rewritten AS SELECT * FROM \(table);
            DELETE FROM \(table);
            INSERT INTO \(table) SELECT * FROM rewritten;
            DROP TABLE rewritten;
            """)
        return .commit
      }
    }
  }

  /// Moves the write-ahead log into the file and cuts it to nothing
  /// (<https://www.sqlite.org/pragma.html#pragma_wal_checkpoint>).
  /// - Returns: False when someone was reading from the log for longer than writers should wait.
  func emptyLog() throws -> Bool {
    try withoutTransaction { db in
      let timeout = try Int.fetchOne(db, sql: "PRAGMA busy_timeout") ?? 0
      try db.execute(sql: "PRAGMA busy_timeout = 250")
      defer { try? db.execute(sql: "PRAGMA busy_timeout = \(timeout)") }
      return try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")?
        .decode(Int.self, forColumn: "busy") == 0
    }
  }
}
