import Foundation
import GRDB
import Store

extension SQLiteStore {
  /// See ``AdministeredStore/queuePaused()``.
  public func queuePaused() throws -> Date? { try read { db in try db.queuePaused() } }

  /// See ``AdministeredStore/setQueuePaused(_:)``.
  public func setQueuePaused(_ isPaused: Bool) throws -> Bool {
    try write { db, now in
      let changes =
        try isPaused
        ? db.run("INSERT OR IGNORE INTO queue_pause (is_only, paused_at) VALUES (1, ?)", [now])
        : db.run("DELETE FROM queue_pause", [])
      return changes > 0
    }
  }

  /// See ``AdministeredStore/currentTime()``.
  public func currentTime() throws -> Date { Timestamp.date(now()) }
}

extension Database {
  /// Since when no worker may take a job.
  func queuePaused() throws -> Date? {
    try first("SELECT paused_at FROM queue_pause", [])?.date("paused_at")
  }
}
