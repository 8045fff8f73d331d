import GRDB
import Store

extension SQLiteStore {
  /// Gives the pages that hold nothing back to the file system. Of a file that this version made they go
  /// some at a time, so that others write in between; an older one is written anew in one piece, for
  /// which its server must not run, and is such a file then. That takes room for two more of what remains: one
  /// among the temporary files, and one in the log (<https://www.sqlite.org/lang_vacuum.html>).
  /// - Returns: Its bytes before and after.
  /// - Throws: ``StoreError/served(path:)`` for an older file while its server runs,
  ///   ``StoreError/diskFull``.
  public func compact() throws -> (before: Int64, after: Int64) {
    // What was removed while no server runs is only marked.
    try removeDoomedBlobs()
    // What is in the log counts too.
    _ = try emptyLog()
    let before = Self.size(of: path)
    if try setting("auto_vacuum") == Self.incremental {
      while try giveBack() {}
    } else {
      let lock = try ServerLock(path: path, creating: false)
      defer { lock.release() }
      try withoutTransaction { db in
        try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; VACUUM")
      }
    }
    _ = try emptyLog()
    return (before, Self.size(of: path))
  }

  /// What `PRAGMA auto_vacuum` calls "incremental".
  private static let incremental = 2

  /// Gives some pages back.
  /// - Returns: Whether there were any.
  private func giveBack() throws -> Bool {
    try withoutTransaction { db in
      let free = try db.number("PRAGMA freelist_count")
      guard free > 0 else { return false }
      try db.execute(sql: "PRAGMA incremental_vacuum(256)")
      // Nothing went: not to try for ever.
      return try db.number("PRAGMA freelist_count") < free
    }
  }
}
