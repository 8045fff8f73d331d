import GRDB
import Store

extension SQLiteStore {
  /// See ``JobQueue/append(_:to:)``.
  public func append(_ event: NewEvent, to id: JobID) throws -> EventRecord {
    let data = try event.checkedData()
    return try write { db, now in
      let job = try db.jobNumber(id)
      let sequence = try db.number(
        "SELECT coalesce(max(sequence), 0) + 1 FROM job_events WHERE job = ?", [job])
      try db.run(
        """
        INSERT INTO job_events (job, sequence, level, type, message, data, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """, [job, sequence, event.level.rawValue, event.type, event.message, data, now])
      return EventRecord(sequence: sequence, event: event, createdAt: Timestamp.date(now))
    }
  }

  /// See ``JobQueue/events(of:after:limit:)``.
  public func events(of id: JobID, after: Int64, limit: Int) throws -> Page<EventRecord> {
    try Page<EventRecord>.validate(limit: limit)
    return try read { db in
      return try db.page(
        """
        SELECT sequence, level, type, message, data, created_at FROM job_events
        WHERE job = ? AND sequence > ? ORDER BY sequence LIMIT ?
        """, [db.jobNumber(id), after, limit + 1], limit: limit
      ) { try EventRecord($0) }
    }
  }
}
