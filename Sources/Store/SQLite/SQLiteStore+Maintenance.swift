import Digests
import GRDB

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

  /// Reads everything: SQLite's own structures, every reference, every blob's bytes. Takes as long
  /// as reading the file twice; others can work meanwhile.
  public func check() throws -> StoreReport {
    let (integrity, foreignKeys, digests) = try read { db in
      (
        try String.fetchAll(db, sql: "PRAGMA integrity_check").filter { $0 != "ok" },
        try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").map(Self.foreignKeyError),
        try db.all("SELECT digest FROM blobs WHERE digest IS NOT NULL ORDER BY number")
          .map { try $0.digest("digest") }
      )
    }
    var corrupt: [SHA256Digest] = []
    var blobs = 0
    var bytes: Int64 = 0
    for digest in digests {
      // A blob collected since the list was read is no fault.
      guard let blob = try blob(digest) else { continue }
      if try !check(digest) { corrupt.append(digest) }
      blobs += 1
      bytes += blob.size
    }
    return StoreReport(
      integrityErrors: integrity, foreignKeyErrors: foreignKeys, corruptBlobs: corrupt,
      blobsChecked: blobs, bytesChecked: bytes)
  }

  /// Writes a consistent copy of the database while others work, of the schema it has. It appears under
  /// its name only when it is complete and on the disk.
  /// - Throws: ``StoreError/nameTaken(_:_:)`` when the file exists, also one made meanwhile,
  ///   ``StoreError/directoryMissing(path:)``, ``StoreError/notWritable(path:reason:)``,
  ///   ``StoreError/diskFull``.
  public func backup(to path: String) throws {
    try FileCopy.write(connections.source(), to: Self.absolute(path))
  }

  private static func foreignKeyError(_ row: Row) throws -> String {
    let table = try row.text("table")
    let parent = try row.text("parent")
    return "a row of \(table) refers to a missing row of \(parent)"
  }
}

extension SQLiteStore: JobQueue, ModelCatalog, UserDirectory, TokenRegistry, BlobStore {}
