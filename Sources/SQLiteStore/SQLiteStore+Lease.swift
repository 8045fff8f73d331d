import Digests
import Foundation
import GRDB
import Store

// What the holder of a lease may do. Every call is fenced by the attempt number: see
// https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html, "fencing tokens".
extension SQLiteStore {
  /// See ``JobQueue/heartbeat(_:attempt:worker:lease:memory:)``.
  public func heartbeat(
    _ id: JobID, attempt: Int, worker: String, lease: TimeInterval, memory: Int64
  ) throws -> Bool {
    try write { db, now in
      let expiry = try Timestamp.milliseconds(now, plus: lease, field: "lease")
      let held = try db.heldJob(id, attempt: attempt)
      guard held.worker == worker else { throw StoreError.leaseLost(id, attempt: attempt) }
      let end = try Timestamp.milliseconds(clock.steady(), plus: lease, field: "lease")
      try db.run(
        """
        UPDATE jobs SET lease_expires_at = ?, lease_boot = ?, lease_steady = ?,
          memory_used = max(memory_used, ?)
        WHERE number = ?
        """, [expiry, clock.boot, end, max(0, memory), held.number])
      return held.isCancelRequested
    }
  }

  /// See ``JobQueue/updateProgress(_:attempt:progress:)``.
  public func updateProgress(_ id: JobID, attempt: Int, progress: Data) throws {
    let text = try JSONColumn.text(progress, field: "progress")
    try write { db, _ in
      let held = try db.heldJob(id, attempt: attempt)
      try db.run("UPDATE jobs SET progress = ? WHERE number = ?", [text, held.number])
    }
  }

  /// See ``JobQueue/saveCheckpoint(_:attempt:iteration:blob:keepingEarlier:)``.
  public func saveCheckpoint(
    _ id: JobID, attempt: Int, iteration: Int, blob: SHA256Digest, keepingEarlier: Bool
  ) throws {
    try write { db, now in
      let held = try db.heldJob(id, attempt: attempt)
      _ = try db.blobRecord(blob)
      // Deaths count from the last progress on: whoever gets further is not poison.
      try db.run(
        """
        UPDATE jobs SET deaths = 0 WHERE number = ?1 AND ?2 >
          coalesce((SELECT max(iteration) FROM checkpoints WHERE job = ?1), 0)
        """, [held.number, iteration])
      // Later iterations are of a run that started over.
      let replaced = try db.all(
        """
        SELECT blob FROM checkpoints WHERE job = ?1 AND (iteration >= ?2 OR NOT ?3)
        """, [held.number, iteration, keepingEarlier])
      try db.run(
        "DELETE FROM checkpoints WHERE job = ?1 AND (iteration >= ?2 OR NOT ?3)",
        [held.number, iteration, keepingEarlier])
      try db.run(
        """
        INSERT INTO checkpoints (job, iteration, attempt, blob, created_at) VALUES (?, ?, ?, ?, ?)
        """, [held.number, iteration, attempt, blob.hex, now])
      for row in replaced { try db.doomIfUnused(row.text("blob"), as: .leisurely) }
    }
    // Here and not later: a run of many iterations would pile up checkpoints.
    try removeDoomedBlobs()
  }

  /// See ``JobQueue/latestCheckpoint(_:)``.
  public func latestCheckpoint(_ id: JobID) throws -> CheckpointRecord? {
    try read { db in try db.checkpoints(ofJob: db.jobNumber(id)).first }
  }

  /// See ``JobQueue/checkpoint(_:iteration:)``.
  public func checkpoint(_ id: JobID, iteration: Int) throws -> CheckpointRecord? {
    try read { db in
      try db.checkpoints(ofJob: db.jobNumber(id), from: iteration, through: iteration).first
    }
  }

  /// See ``JobQueue/release(_:attempt:)``.
  public func release(_ id: JobID, attempt: Int) throws -> JobStatus {
    try giveBack(id, attempt: attempt)
  }

  /// See ``JobQueue/cancelled(_:attempt:)``.
  public func cancelled(_ id: JobID, attempt: Int) throws -> JobStatus {
    try giveBack(id, attempt: attempt)
  }

  /// See ``JobQueue/fail(_:attempt:error:)``.
  public func fail(_ id: JobID, attempt: Int, error: Data) throws {
    let text = try JSONColumn.text(error, field: "error")
    try write { db, now in
      let held = try db.heldJob(id, attempt: attempt)
      try db.finish(held.number, as: .failed, error: text, now: now)
    }
  }

  /// See ``JobQueue/died(_:attempt:error:)``.
  public func died(_ id: JobID, attempt: Int, error: Data) throws -> JobStatus {
    let text = try JSONColumn.text(error, field: "error")
    return try write { db, now in
      let held = try db.heldJob(id, attempt: attempt)
      try db.run("UPDATE jobs SET deaths = deaths + 1 WHERE number = ?", [held.number])
      let deaths = try db.number("SELECT deaths FROM jobs WHERE number = ?", [held.number])
      guard !held.isCancelRequested, deaths >= Self.maximumDeaths else {
        return try db.giveBack(held, now: now)
      }
      try db.finish(held.number, as: .failed, error: text, now: now)
      return .failed
    }
  }

  private func giveBack(_ id: JobID, attempt: Int) throws -> JobStatus {
    try write { db, now in try db.giveBack(db.heldJob(id, attempt: attempt), now: now) }
  }
}

extension Database {
  /// Cancels the job if that is still wanted, else queues it again: a worker that stopped, for
  /// whatever reason, has nothing else to tell.
  fileprivate func giveBack(_ held: HeldJob, now: Int64) throws -> JobStatus {
    if held.isCancelRequested {
      try finish(held.number, as: .cancelled, now: now)
      return .cancelled
    }
    try run(
      """
      UPDATE jobs SET status = 'queued', lease_owner = NULL, lease_expires_at = NULL,
        lease_boot = NULL, lease_steady = NULL
      WHERE number = ?
      """, [held.number])
    return .queued
  }

  /// A job's checkpoints of a range of iterations, the latest first.
  fileprivate func checkpoints(
    ofJob job: Int64, from first: Int = 0, through last: Int = .max
  ) throws -> [CheckpointRecord] {
    try all(
      """
      SELECT c.attempt, c.iteration, c.blob, b.size, c.created_at
      FROM checkpoints c JOIN blobs b ON b.digest = c.blob
      WHERE c.job = ? AND c.iteration BETWEEN ? AND ? ORDER BY c.iteration DESC
      """, [job, first, last]
    ).map { row in
      CheckpointRecord(
        attempt: try row.int("attempt"), iteration: try row.int("iteration"),
        blob: BlobRecord(digest: try row.digest("blob"), size: try row.amount("size")),
        createdAt: try row.date("created_at"))
    }
  }
}

/// A running job as the holder of its lease sees it.
struct HeldJob {
  let number: Int64
  let worker: String
  let isCancelRequested: Bool
}

extension Database {
  /// - Throws: ``StoreError/leaseLost(_:attempt:)`` unless this attempt runs the job. A job that is
  ///   gone is lost too.
  func heldJob(_ id: JobID, attempt: Int) throws -> HeldJob {
    guard
      let row = try first(
        """
        SELECT number, lease_owner, cancel_requested FROM jobs
        WHERE id = ? AND attempt = ? AND status = 'running' AND lease_owner IS NOT NULL
        """, [id.rawValue, attempt])
    else { throw StoreError.leaseLost(id, attempt: attempt) }
    return HeldJob(
      number: try row.integer("number"), worker: try row.text("lease_owner"),
      isCancelRequested: try row.int("cancel_requested") != 0)
  }
}
