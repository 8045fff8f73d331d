import Foundation
import GRDB
import Migrations
import Store

// A log (-wal) that a process left behind when it died is part of the database: SQLite reads both. It
// reads any log that lies beside a file, another database's too, and nothing in it says whose it is.
extension SQLiteStore {
  /// Examines the structure of a database that has a log, without the bytes of blobs, before a server
  /// writes to it; without a log, which is the rule, there is nothing to do.
  /// - Throws: ``StoreError/foreignLog(path:)``, ``StoreError/databaseCorrupt(reason:)``, and what opening
  ///   throws.
  public static func examineLog(_ lock: ServerLock) throws {
    guard DatabaseFile(path: lock.path, busyTimeout: 10, schema: migrations).hasLog,
      let fault = try fault(of: lock.path)
    else { return }
    throw isSoundAlone(lock) ? .foreignLog(path: lock.path) : fault
  }

  /// Whether a database is damaged because of a log that is not its own: without it the file is sound. A
  /// file that lost its own log part of the way into it would not be. Nothing may have the file open.
  public static func hasForeignLog(at path: String) -> Bool {
    guard let lock = try? ServerLock(path: path, creating: false) else { return false }
    defer { lock.release() }
    do { try examineLog(lock) } catch StoreError.foreignLog { return true } catch {}
    return false
  }

  private static func isSoundAlone(_ lock: ServerLock) -> Bool {
    // SQLite looks for a log by the file's name.
    let name = "\(lock.path).alone-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    guard link(lock.path, name) == 0 else { return false }
    defer { for suffix in ["", "-wal", "-shm"] { unlink(name + suffix) } }
    do { return try fault(of: name) == nil } catch { return false }
  }

  /// What is wrong with the structure.
  private static func fault(of path: String) throws -> StoreError? {
    do {
      let store = try SQLiteStore(path: path, access: .reading, busyTimeout: 10)
      defer { try? store.close() }
      let faults = try store.read { db in
        let tables = try String.fetchAll(
          db, sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'blob_chunks'")
        return try missingPages(db, path: path)
          + tables.flatMap { table in
            try String.fetchAll(db, sql: "PRAGMA integrity_check('\(table)')").filter { $0 != "ok" }
          }
      }
      return faults.first.map { .databaseCorrupt(reason: $0) }
    } catch let error as StoreError where error.isDamage {
      return error
    }
  }

  /// Pages that the database should have and that neither the file nor its log has room for.
  private static func missingPages(_ db: Database, path: String) throws -> [String] {
    let pages = try db.number("PRAGMA page_count")
    let pageSize = try db.number("PRAGMA page_size")
    let held = (size(of: path) + size(of: DatabaseFile.logPath(of: path))) / max(1, pageSize)
    // Reads the first page of every chunk.
    _ = try db.number("SELECT count(*) FROM blob_chunks NOT INDEXED")
    return pages > held ? ["\(pages - held) of \(pages) pages are missing"] : []
  }
}

extension StoreError {
  /// Whether it is about the file, not about what was asked of it.
  var isOfFile: Bool {
    switch self {
    case .failed, .cannotOpen, .olderSchema: true
    default: isDamage
    }
  }
}
