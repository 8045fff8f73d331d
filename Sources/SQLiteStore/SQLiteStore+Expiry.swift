import Foundation
import GRDB
import Store

extension SQLiteStore {
  /// See ``JobQueue/expireIdempotencyKeys(olderThan:)``.
  public func expireIdempotencyKeys(olderThan age: TimeInterval) throws -> Int {
    try inSteps { db, _ in
      try db.run(
        """
        DELETE FROM idempotency_keys WHERE (user, key) IN
          (SELECT user, key FROM idempotency_keys WHERE created_at <= ? LIMIT \(Self.step))
        """, [cutoff(age: age)])
    }
  }

  /// See ``JobQueue/expireLogs(olderThan:)``.
  public func expireLogs(olderThan age: TimeInterval) throws -> Int {
    try inSteps { db, _ in
      let jobs = try db.all(Self.oldLogsQuery, [cutoff(age: age)])
      for row in jobs {
        let job = try row.integer("number")
        try db.run("DELETE FROM job_events WHERE job = ?", [job])
        try db.run("UPDATE jobs SET log_kept = 0 WHERE number = ?", [job])
        try db.run(
          """
          DELETE FROM jobs WHERE number = ?1
            AND NOT EXISTS (SELECT 1 FROM job_requesters r WHERE r.job = ?1)
            AND NOT EXISTS (SELECT 1 FROM models m WHERE m.job = ?1)
          """, [job])
      }
      return jobs.count
    }
  }

  /// Jobs that ended at the time of its parameter or before and still have their events.
  package static let oldLogsQuery = """
    SELECT number FROM jobs INDEXED BY jobs_log_kept
    WHERE log_kept = 1 AND finished_at IS NOT NULL AND finished_at <= ? LIMIT \(step)
    """

  /// Rows in a transaction, so that other writers wait for some milliseconds at most.
  static let step = 100

  /// Runs one transaction after the other as long as `body` finds as many rows as it may take.
  func inSteps(of step: Int = step, _ body: (Database, Int64) throws -> Int) throws -> Int {
    var total = 0
    while true {
      let count = try write(body)
      total += count
      if count < step { return total }
    }
  }
}
