import Foundation
import Store

extension SQLiteStore {
  /// Puts a backup where a database is or was, with nothing of the old one beside it. The old files are
  /// kept under other names, which make a database together.
  ///
  /// A backup that is merely moved onto the path would be read with the old database's log, if that was
  /// left beside it, and damaged by it.
  /// - Parameters:
  ///   - backup: A database of this or an earlier version; it is checked whole first, and stays.
  ///   - path: Where it is to be.
  ///   - now: Names what was replaced.
  /// - Returns: Where the old database is now; nil when there was none.
  /// - Throws: ``StoreError/served(path:)`` while a server runs,
  ///   ``StoreError/backupDamaged(path:reason:)``, ``StoreError/diskFull``, and what opening throws.
  public static func restore(_ backup: String, to path: String, now: Date = Date()) throws
    -> String?
  {
    let path = DatabaseFile.resolved(absolute(path))
    try DatabaseFile.requireFolder(of: path)
    // Kept to the end: no server may start on the old files meanwhile.
    let lock =
      Foundation.access(path, F_OK) == 0 ? try ServerLock(path: path, creating: false) : nil
    defer { lock?.release() }
    if let source = FileIdentity(at: backup), source == FileIdentity(at: path) {
      throw StoreError.invalidValue(
        field: "the backup", reason: "is the database itself: move it to another name first")
    }
    let store = try SQLiteStore(path: backup, access: .reading)
    let report = try store.check()
    if let fault = report.faults.first {
      throw StoreError.backupDamaged(path: store.path, reason: fault)
    }
    let partial = try FileCopy.writePartial(store.connections.source(), of: path)
    try store.close()
    do {
      let kept = try setAside(path, as: "\(path).replaced-\(now.inFileNames)")
      if lock == nil {
        try FileCopy.rename(partial, to: path)
      } else if Foundation.rename(partial, path) != 0 {
        throw StoreError.notWritable(path: path, reason: String(cString: strerror(errno)))
      }
      try FileCopy.synchronizeFolder(of: path)
      return kept
    } catch {
      unlink(partial)
      throw error
    }
  }

  /// Gives a database and its log other names. The database keeps its own too, until it is replaced:
  /// a program that is started meanwhile must not find an empty place and fill it.
  private static func setAside(_ path: String, as name: String) throws -> String? {
    let present = ["", "-wal"].filter { Foundation.access(path + $0, F_OK) == 0 }
    for suffix in present {
      guard link(path + suffix, name + suffix) == 0 else {
        let reason = errno
        if reason == EEXIST { throw StoreError.nameTaken(.file, name + suffix) }
        throw StoreError.notWritable(path: name + suffix, reason: String(cString: strerror(reason)))
      }
    }
    try FileCopy.synchronizeFolder(of: path)
    for suffix in ["-wal", "-shm"] { unlink(path + suffix) }
    return present.isEmpty ? nil : name
  }
}
