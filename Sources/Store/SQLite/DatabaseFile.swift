import Foundation
import GRDB
import Migrations

/// Opens the file: checks whose it is before anything is written to it, then brings its schema up
/// to date.
struct DatabaseFile {
  let path: String
  let busyTimeout: TimeInterval

  func open() throws -> DatabasePool {
    try createIfMissing()
    do {
      let pool = try DatabasePool(path: path, configuration: configuration)
      try pool.writeWithoutTransaction { db in
        // After the pool is there: on entering WAL mode GRDB sets NORMAL, under which a commit can
        // be lost at power failure (https://www.sqlite.org/pragma.html#pragma_synchronous).
        try db.execute(sql: "PRAGMA synchronous = FULL")
        try migrate(db)
      }
      return pool
    } catch {
      throw StoreError.translating(error, path: path)
    }
  }

  private var configuration: Configuration {
    var configuration = Configuration()
    configuration.label = "crisp.store"
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(busyTimeout)
    configuration.maximumReaderCount = 8
    configuration.prepareDatabase { db in
      guard !db.configuration.readonly else { return }
      // Runs before GRDB switches to WAL: a file that is not ours stays untouched.
      _ = try schemaVersion(db)
      // Only a new file takes it. Models are read page by page, and calls for 16 KiB bring a download a
      // quarter more than calls for 4 (https://www.sqlite.org/pragma.html#pragma_page_size).
      try db.execute(sql: "PRAGMA page_size = 16384")
      // SQLite counts pages here: the log is copied back every 4 MB with those too.
      let pageSize = try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 4096
      try db.execute(sql: "PRAGMA wal_autocheckpoint = \((4 << 20) / max(512, pageSize))")
      // What is deleted is overwritten (https://www.sqlite.org/pragma.html#pragma_secure_delete).
      try db.execute(sql: "PRAGMA secure_delete = ON")
      // A large blob must not leave a large log behind for good.
      try db.execute(sql: "PRAGMA journal_size_limit = 67108864")
    }
    return configuration
  }

  /// Makes an empty file of mode 0600, whose WAL and shared memory get the same mode from SQLite.
  func createIfMissing() throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue
    else { throw StoreError.directoryMissing(path: path) }
    let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      let reason = String(cString: strerror(errno))
      switch errno {
      case EACCES, EPERM, EROFS: throw StoreError.notWritable(path: path, reason: reason)
      case EISDIR: throw StoreError.notADatabase(path: path)
      case ENOSPC, EDQUOT: throw StoreError.diskFull
      default: throw StoreError.cannotOpen(path: path, reason: reason)
      }
    }
    Foundation.close(descriptor)
    // The log and the shared memory are created next to the file (https://www.sqlite.org/wal.html).
    guard access(folder, W_OK) == 0 else {
      throw StoreError.notWritable(path: path, reason: String(cString: strerror(errno)))
    }
  }

  /// The number of migrations applied to a file of ours; 0 for an empty one.
  /// - Throws: ``StoreError/foreignDatabase(path:applicationID:)``,
  ///   ``StoreError/newerSchema(path:found:supported:)``.
  private func schemaVersion(_ db: Database) throws -> Int {
    let applicationID = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    if applicationID == SQLiteStore.applicationID {
      guard (0...migrations.count).contains(version) else {
        throw StoreError.newerSchema(path: path, found: version, supported: migrations.count)
      }
      return version
    }
    let objects = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
    guard applicationID == 0, version == 0, objects == 0 else {
      throw StoreError.foreignDatabase(path: path, applicationID: applicationID)
    }
    return 0
  }

  /// Applies what is missing in one transaction, with the version counted inside it, so that two
  /// processes that open a new file at once do not both create the tables.
  private func migrate(_ db: Database) throws {
    guard try schemaVersion(db) < migrations.count else { return }
    // As https://www.sqlite.org/lang_altertable.html#otheralter asks: dropping a table with foreign
    // keys on would delete the rows that refer to it.
    try db.execute(sql: "PRAGMA foreign_keys = OFF")
    try db.inTransaction(.immediate) {
      for migration in migrations.dropFirst(try schemaVersion(db)) {
        try db.execute(sql: migration.sql)
      }
      guard try Row.fetchOne(db, sql: "PRAGMA foreign_key_check") == nil else {
        throw StoreError.databaseCorrupt(reason: "a migration broke a foreign key")
      }
      try db.execute(sql: "PRAGMA application_id = \(SQLiteStore.applicationID)")
      try db.execute(sql: "PRAGMA user_version = \(migrations.count)")
      return .commit
    }
    try db.execute(sql: "PRAGMA foreign_keys = ON")
  }
}
