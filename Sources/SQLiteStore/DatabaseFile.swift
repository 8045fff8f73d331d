import CSQLite
import Foundation
import GRDB
import Migrations
import Store

/// Opens the file, after checking whose it is and of which schema. Never migrates.
struct DatabaseFile {
  let path: String
  let busyTimeout: TimeInterval
  /// Every migration that the program knows.
  let schema: [Migration]

  /// Connections for a file of the present schema. An empty file gets it.
  func openForWriting() throws -> DatabasePool {
    // The log and the shared memory are created next to the file (https://www.sqlite.org/wal.html).
    guard access(folder, W_OK) == 0 else {
      throw StoreError.notWritable(path: path, reason: String(cString: strerror(errno)))
    }
    do {
      var configuration = configuration
      configuration.prepareDatabase { db in
        guard !db.configuration.readonly else { return }
        // Runs before GRDB switches to WAL: a file that is not ours stays untouched.
        let version = try schemaVersion(db)
        guard version == 0 || version == schema.count else {
          throw StoreError.olderSchema(path: path, found: version, supported: schema.count)
        }
        try prepareWriting(db)
        // Only an empty file takes it: pages can be given back to the file system without writing all
        // others anew (https://www.sqlite.org/pragma.html#pragma_auto_vacuum).
        if version == 0 { try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL") }
        try enterLog(db)
      }
      let pool = try DatabasePool(path: path, configuration: configuration)
      try pool.writeWithoutTransaction { db in
        // After the pool is there: on entering WAL mode GRDB sets NORMAL, under which a commit can
        // be lost at power failure (https://www.sqlite.org/pragma.html#pragma_synchronous).
        do {
          try db.execute(sql: "PRAGMA synchronous = FULL")
          if try schemaVersion(db) == 0 { try migrate(db) }
        } catch {
          throw Self.translating(error, of: db, path: path)
        }
      }
      return pool
    } catch {
      let translated = StoreError.translating(error, path: path)
      // What the system said may be lost by now (unixGetLastError is the thread's errno): the folder
      // says it again.
      guard case StoreError.failed = translated,
        (error as? DatabaseError)?.resultCode == .SQLITE_IOERR,
        StoreError.fullDiskErrors.contains(faultOfWriting())
      else { throw translated }
      throw StoreError.diskFull
    }
  }

  /// The number of the system's error when a byte is written beside the database and brought to the disk; 0
  /// when that works.
  private func faultOfWriting() -> Int32 {
    var template = Array("\(path).room-XXXXXX".utf8CString)
    let probe = mkstemp(&template)
    guard probe >= 0 else { return errno }
    defer { close(probe) }
    unlink(template)
    var byte: UInt8 = 0
    guard pwrite(probe, &byte, 1, 0) == 1, fdatasync(probe) == 0 else { return errno }
    return 0
  }

  /// One connection for a file of any schema known. What a process that died left in the log is read,
  /// and stays there.
  func openForReading() throws -> DatabaseQueue {
    do {
      let leavesLog = hasLog
      var configuration = configuration
      configuration.prepareDatabase { db in
        if leavesLog { _ = crisp_keep_log_on_close(db.sqliteConnection, 1) }
        guard try schemaVersion(db) > 0 else {
          throw StoreError.cannotOpen(path: path, reason: "it is empty")
        }
      }
      return try DatabaseQueue(path: readablePath, configuration: configuration)
    } catch {
      throw StoreError.translating(error, path: path)
    }
  }

  /// One connection for a file of the present schema where there is no room for a log and shared memory:
  /// it keeps them in memory and keeps all other processes out, as nobody else could tell what it reads
  /// (https://www.sqlite.org/wal.html, "Use of WAL Without Shared-Memory").
  /// - Throws: ``StoreError/diskFull`` for an older schema or an empty file.
  func openWithoutRoom() throws -> DatabaseQueue {
    do {
      var configuration = configuration
      configuration.prepareDatabase { db in
        // Before the first access: the index of the log is made then.
        try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
        // Moving the log into the file takes room.
        _ = crisp_keep_log_on_close(db.sqliteConnection, 1)
        guard try schemaVersion(db) == schema.count else { throw StoreError.diskFull }
      }
      return try DatabaseQueue(path: path, configuration: configuration)
    } catch {
      throw StoreError.translating(error, path: path)
    }
  }

  /// One connection that brings the schema up to date. The caller holds the ``ServerLock``.
  /// - Parameter prepare: Called before anything is changed, with the version there is, which is older
  ///   than the program's.
  /// - Returns: The version there was.
  func migrate(prepare: (DatabaseQueue, Int) throws -> Void) throws -> Int {
    do {
      var configuration = configuration
      configuration.prepareDatabase { db in
        _ = try schemaVersion(db)
        try prepareWriting(db)
        try db.execute(sql: "PRAGMA synchronous = FULL")
      }
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      let version = try queue.read(schemaVersion)
      if version > 0, version < schema.count {
        try prepare(queue, version)
        try queue.writeWithoutTransaction { db in
          do { try migrate(db) } catch { throw StoreError.translating(error, of: db, path: path) }
        }
      }
      try queue.close()
      return version
    } catch {
      throw StoreError.translating(error, path: path)
    }
  }

  /// Whether there are pages in a log beside the file.
  var hasLog: Bool {
    var status = stat()
    return stat(Self.logPath(of: path), &status) == 0 && status.st_size > 0
  }

  /// Where SQLite keeps a file's log: beside what a symbolic link leads to.
  static func logPath(of path: String) -> String { resolved(path) + "-wal" }

  /// Where SQLite has the index of its log, which all programs that use the database share.
  static func logIndexPath(of path: String) -> String { resolved(path) + "-shm" }

  /// The path without symbolic links; as it is where nothing is there.
  static func resolved(_ path: String) -> String {
    guard let name = realpath(path, nil) else { return path }
    defer { free(name) }
    return String(cString: name)
  }

  /// - Throws: ``StoreError/directoryMissing(path:)``.
  static func requireFolder(of path: String) throws {
    var isFolder: ObjCBool = false
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue
    else { throw StoreError.directoryMissing(path: path) }
  }

  private var folder: String { URL(fileURLWithPath: path).deletingLastPathComponent().path }

  /// On a file system that cannot be written SQLite reads a file only when told that nobody changes it.
  private var readablePath: String {
    guard access(path, W_OK) != 0 || access(folder, W_OK) != 0, !hasLog,
      let escaped = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed)
    else { return path }
    return "file://\(escaped)?immutable=1"
  }

  private var configuration: Configuration {
    var configuration = Configuration()
    configuration.label = "crisp.store"
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(busyTimeout)
    configuration.maximumReaderCount = 16
    return configuration
  }

  /// What GRDB would do next, done here because a full disk shows first in this, and only the connection
  /// knows the system's error.
  private func enterLog(_ db: Database) throws {
    do {
      try switchToLog(db)
      guard !hasLog else { return }
      try db.execute(
        sql: """
          BEGIN IMMEDIATE; CREATE TABLE first (number INTEGER); DROP TABLE first; COMMIT
          """)
    } catch {
      throw Self.translating(error, of: db, path: path)
    }
  }

  /// The change of the file's mode needs the file alone, and where others look at it SQLite does not call
  /// its busy handler but gives up at once (https://www.sqlite.org/c3ref/busy_handler.html): two that wait
  /// for each other would wait for ever. Nothing is held here, so that this one may.
  private func switchToLog(_ db: Database) throws {
    let deadline = ContinuousClock.now + .seconds(busyTimeout)
    while true {
      do {
        return try db.execute(sql: "PRAGMA journal_mode = WAL")
      } catch let error as DatabaseError
        where error.resultCode == .SQLITE_BUSY && ContinuousClock.now < deadline
      {
        usleep(10_000)
      }
    }
  }

  /// What the connection knows of an error; one that it knows nothing of stays as it is, for whoever can
  /// find out more.
  private static func translating(_ error: any Error, of db: Database, path: String) -> any Error {
    let translated = StoreError.translating(error, of: db, path: path)
    if case StoreError.failed = translated { return error }
    return translated
  }

  private func prepareWriting(_ db: Database) throws {
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

  /// The number of migrations applied to a file of ours; 0 for an empty one.
  /// - Throws: ``StoreError/foreignDatabase(path:mark:)``,
  ///   ``StoreError/newerSchema(path:found:supported:)``.
  private func schemaVersion(_ db: Database) throws -> Int {
    let applicationID = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    if applicationID == SQLiteStore.applicationID {
      guard version <= schema.count else {
        throw StoreError.newerSchema(path: path, found: version, supported: schema.count)
      }
      guard version > 0 else {
        throw StoreError.databaseCorrupt(reason: "its schema has number \(version)")
      }
      return version
    }
    let objects = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
    guard applicationID == 0, version == 0, objects == 0 else {
      throw StoreError.foreignDatabase(path: path, mark: "application_id \(applicationID)")
    }
    return 0
  }

  /// Applies what is missing in one transaction, with the version counted inside it, so that two
  /// processes that open a new file at once do not both create the tables.
  private func migrate(_ db: Database) throws {
    // As https://www.sqlite.org/lang_altertable.html#otheralter asks: dropping a table with foreign
    // keys on would delete the rows that refer to it.
    try db.execute(sql: "PRAGMA foreign_keys = OFF")
    try db.inTransaction(.immediate) {
      for migration in schema.dropFirst(try schemaVersion(db)) {
        try db.execute(sql: migration.sql)
      }
      guard try Row.fetchOne(db, sql: "PRAGMA foreign_key_check") == nil else {
        throw StoreError.databaseCorrupt(reason: "a migration broke a foreign key")
      }
      try db.execute(sql: "PRAGMA application_id = \(SQLiteStore.applicationID)")
      try db.execute(sql: "PRAGMA user_version = \(schema.count)")
      return .commit
    }
    try db.execute(sql: "PRAGMA foreign_keys = ON")
  }
}
