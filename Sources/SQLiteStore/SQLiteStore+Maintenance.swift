import Digests
import GRDB
import Store

extension SQLiteStore {
  /// Counts what the store holds.
  public func statistics() throws -> StoreStatistics {
    try read { db in
      var jobs = Dictionary(uniqueKeysWithValues: JobStatus.allCases.map { ($0, 0) })
      for row in try db.all("SELECT status, count(*) AS count FROM jobs GROUP BY status") {
        jobs[try row.value("status", JobStatus.init(rawValue:))] = try row.int("count")
      }
      let named = "FROM blobs WHERE digest IS NOT NULL"
      return StoreStatistics(
        users: Int(try db.number("SELECT count(*) FROM users")),
        jobs: jobs,
        models: Int(try db.number("SELECT count(*) FROM models")),
        blobs: Int(try db.number("SELECT count(*) \(named)")),
        blobBytes: try db.number("SELECT coalesce(sum(size), 0) \(named)"),
        databaseBytes: try db.number(
          "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"))
    }
  }

  /// Writes a consistent copy of the database while others work, of the schema it has. It appears under
  /// its name only when it is complete and on the disk.
  /// - Throws: ``StoreError/nameTaken(_:_:)`` when the file exists, also one made meanwhile,
  ///   ``StoreError/directoryMissing(path:)``, ``StoreError/notWritable(path:reason:)``,
  ///   ``StoreError/diskFull``.
  public func backup(to path: String) throws {
    try FileCopy.write(connections.source(), to: Self.absolute(path))
  }
}

extension SQLiteStore: CompleteStore {}
