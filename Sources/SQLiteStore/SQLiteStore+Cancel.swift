import GRDB
import Store

extension SQLiteStore {
  /// See ``JobQueue/requestCancel(_:)``.
  public func requestCancel(_ id: JobID) throws -> JobRecord {
    try write { db, now in
      let job = try db.unfinishedJob(id)
      try db.cancel(job, now: now)
      return try db.jobRecord(number: job)
    }
  }

  /// See ``JobQueue/withdraw(_:from:)``.
  public func withdraw(_ user: UserID, from id: JobID) throws -> JobRecord {
    try write { db, now in
      let job = try db.unfinishedJob(id)
      guard try db.isRequester(user, ofJob: job) else {
        throw StoreError.notFound(.job, id.rawValue)
      }
      let others = try db.first(
        "SELECT 1 FROM job_requesters WHERE job = ? AND user <> ?", [job, user.text])
      if others != nil {
        try db.detach(user.text, fromJob: job)
      } else {
        // The last one keeps the job, to see it cancelled.
        try db.cancel(job, now: now)
      }
      return try db.jobRecord(number: job)
    }
  }
}

extension Database {
  /// Cancels a queued job, asks a running one to stop; leaves a finished one.
  func cancel(_ job: Int64, now: Int64) throws {
    try run("UPDATE jobs SET cancel_requested = 1 WHERE number = ? AND status = 'running'", [job])
    if try first("SELECT 1 FROM jobs WHERE number = ? AND status = 'queued'", [job]) != nil {
      try refundTurns(ofJob: job)
      try finish(job, as: .cancelled, now: now)
    }
  }

  /// Takes the user from those who wait; a job the user owned goes to whoever asked next, without
  /// the former owner's notes.
  func detach(_ user: String, fromJob job: Int64) throws {
    try run("DELETE FROM job_requesters WHERE user = ? AND job = ?", [user, job])
    try run(
      """
      UPDATE jobs SET metadata = '{}', owner =
        (SELECT user FROM job_requesters WHERE job = ?1 ORDER BY added_at, user LIMIT 1)
      WHERE number = ?1 AND owner = ?2
      """, [job, user])
  }

  fileprivate func unfinishedJob(_ id: JobID) throws -> Int64 {
    let number = try jobNumber(id)
    guard let row = try first("SELECT status FROM jobs WHERE number = ?", [number]) else {
      throw StoreError.notFound(.job, id.rawValue)
    }
    let status = try row.value("status", JobStatus.init(rawValue:))
    guard !status.isFinished else { throw StoreError.jobFinished(id, status) }
    return number
  }
}
