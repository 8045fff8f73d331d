import GRDB

/// The database as any SQLite shell sees it.
struct RawDatabase {
  let path: String

  /// The first column of the first row.
  func value<Value: DatabaseValueConvertible>(_ sql: String, as type: Value.Type) throws -> Value? {
    try DatabaseQueue(path: path).read { db in try Value.fetchOne(db, sql: sql) }
  }

  /// Runs statements in one transaction.
  func execute(_ sql: String) throws {
    try DatabaseQueue(path: path).write { db in try db.execute(sql: sql) }
  }
}
