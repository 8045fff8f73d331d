import Foundation
import GRDB
import Store

extension SQLiteStore {
  /// See ``JobQueue/backlog()``. Both counts come from one index, and the queue is bounded.
  public func backlog() throws -> Backlog {
    let now = now()
    return try read { db in
      let count = "SELECT count(*) FROM jobs WHERE status = "
      let queued = try db.number(count + "'queued'")
      let running = try db.number(count + "'running'")
      let oldest = try db.first(
        "SELECT id, created_at FROM jobs WHERE status = 'queued' ORDER BY number LIMIT 1", [])
      // A clock that was set back must not give a negative age.
      let age = try oldest.map {
        max(0, now.subtractingReportingOverflow(try $0.integer("created_at")).partialValue)
      }
      return Backlog(
        queued: Int(queued), running: Int(running), oldestAge: TimeInterval(age ?? 0) / 1000,
        oldest: try oldest.map { try $0.identifier("id", as: JobID.self) })
    }
  }

  /// Sizes of the database and its log, for whoever watches the disk.
  public func fileStatistics() throws -> FileStatistics? {
    try read { db in
      FileStatistics(
        databaseBytes: Self.size(of: path), logBytes: Self.size(of: path + "-wal"),
        pages: try db.number("PRAGMA page_count"),
        freePages: try db.number("PRAGMA freelist_count"),
        pageBytes: try db.number("PRAGMA page_size"))
    }
  }

  static func size(of path: String) -> Int64 {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
  }
}
