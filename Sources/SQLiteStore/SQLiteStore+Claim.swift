import Foundation
import GRDB
import Store

extension SQLiteStore {
  /// See ``JobQueue/claim(worker:lease:holding:having:)``.
  public func claim(
    worker: String, lease: TimeInterval, holding held: [String] = [], having labels: [String] = []
  ) throws -> JobRecord? {
    try FieldText.validate(worker, field: "worker")
    let names =
      held.isEmpty ? nil : try JSONColumn.text(encoding: held, field: "held base models")
    let machine = try JSONColumn.text(encoding: labels, field: "labels")
    return try write { db, now in
      let expiry = try Timestamp.milliseconds(now, plus: lease, field: "lease")
      let steady = clock.steady()
      let end = try Timestamp.milliseconds(steady, plus: lease, field: "lease")
      var (query, arguments): (String, StatementArguments) =
        (names == nil ? Self.claimQuery : Self.claimQueryHolding, [clock.boot, steady, now])
      if try db.queuePaused() != nil {
        query = Self.claimQueryPaused
      } else {
        if let names { arguments += [names] }
        arguments += [machine]
      }
      while let candidate = try db.first(query, arguments) {
        let job = try candidate.integer("number")
        let died = try candidate.text("status") == JobStatus.running.rawValue
        let isBlamed = try died && db.isBlamedForDeath(job, at: LeaseTime(clock, now: now))
        let deaths = try candidate.int("deaths") + (isBlamed ? 1 : 0)
        if try candidate.int("cancel_requested") != 0 {
          try db.finish(job, as: .cancelled, now: now)
        } else if deaths >= Self.maximumDeaths {
          try db.run("UPDATE jobs SET deaths = ? WHERE number = ?", [deaths, job])
          try db.finish(job, as: .failed, error: StoreRules.diedRepeatedly(deaths), now: now)
        } else {
          try db.run(
            """
            UPDATE jobs SET status = 'running', attempt = attempt + 1, deaths = ?,
              lease_owner = ?, lease_expires_at = ?, lease_boot = ?, lease_steady = ?,
              started_at = coalesce(started_at, ?),
              memory_used = 0, spared = 0
            WHERE number = ?
            """, [deaths, worker, expiry, clock.boot, end, now, job])
          try db.advanceTurn(
            priority: candidate.int("priority", in: StoreRules.priorities),
            to: candidate.integer("turn"))
          return try db.jobRecord(number: job)
        }
      }
      return nil
    }
  }

  /// The next job a worker may take at the times of its parameters: of the clock that nobody sets, with
  /// the start of the machine it belongs to, and of day, for leases of another start. The index is named because the
  /// planner, which has no statistics, would rather collect all queued jobs and sort them. The last parameter is
  /// what the worker's machine has, a list as JSON.
  package static let claimQuery = claimQuery("")

  /// The same without the jobs of some base models, a list as JSON, unless they are to be cancelled.
  private static let claimQueryHolding = claimQuery(
    "AND (cancel_requested OR base_model NOT IN (SELECT value FROM json_each(?)))")

  /// While the queue is paused only what is to be cancelled and whose worker died.
  private static let claimQueryPaused = """
    SELECT number, status, deaths, cancel_requested, priority, turn FROM jobs INDEXED BY jobs_status
    WHERE status = 'running' AND cancel_requested = 1
      AND CASE WHEN lease_boot = ? THEN lease_steady <= ? ELSE lease_expires_at <= ? END
    ORDER BY number LIMIT 1
    """

  private static func claimQuery(_ condition: String) -> String {
    """
    SELECT number, status, deaths, cancel_requested, priority, turn FROM jobs INDEXED BY jobs_open
    WHERE status IN ('queued', 'running') AND (status = 'queued'
      OR CASE WHEN lease_boot = ? THEN lease_steady <= ? ELSE lease_expires_at <= ? END)
      \(condition)
      AND (cancel_requested OR requires = '[]' OR NOT EXISTS (SELECT 1 FROM json_each(requires)
        WHERE value NOT IN (SELECT value FROM json_each(?))))
    ORDER BY priority DESC, turn, number LIMIT 1
    """
  }

  /// See ``JobQueue/recoverAll()``.
  public func recoverAll() throws -> [JobID] {
    try write { db, now in
      let running = try db.all(
        "SELECT number, id FROM jobs WHERE status = 'running' ORDER BY number")
      for row in running {
        // No owner: a former worker that still lives must not extend its lease.
        try db.run(
          """
          UPDATE jobs SET lease_owner = NULL, lease_expires_at = ?, lease_boot = ?, lease_steady = ?
          WHERE number = ?
          """, [now, clock.boot, clock.steady(), row.integer("number")])
      }
      try db.spareInnocent(at: LeaseTime(clock, now: now))
      return try running.map { try $0.identifier("id", as: JobID.self) }
    }
  }
}

/// The time that leases are held against, see `claimQuery`.
private struct LeaseTime {
  let boot: String
  let steady: Int64
  let now: Int64

  init(_ clock: StoreClock, now: Int64) {
    boot = clock.boot
    steady = clock.steady()
    self.now = now
  }

  /// The condition that the lease of a row of `table` has run out, with the three parameters.
  static func hasPassed(_ table: String) -> String {
    """
    CASE WHEN \(table).lease_boot = ?1 THEN \(table).lease_steady <= ?2
      ELSE \(table).lease_expires_at <= ?3 END
    """
  }
}

extension Database {
  /// Of jobs whose workers died, spares those that others may have killed: when the accounts of some
  /// exceed their estimates of memory, the rest are spared. When none does, nobody knows whose doing
  /// it was, and all are to blame; a job that gets further is forgiven (`saveCheckpoint`).
  fileprivate func spareInnocent(at time: LeaseTime) throws {
    try run(
      """
      UPDATE jobs SET spared = 1
      WHERE status = 'running' AND \(LeaseTime.hasPassed("jobs"))
        AND memory_used <= coalesce(memory_estimate, memory_used)
        AND EXISTS (SELECT 1 FROM jobs o WHERE o.status = 'running'
          AND \(LeaseTime.hasPassed("o")) AND o.memory_used > o.memory_estimate)
      """, [time.boot, time.steady, time.now])
  }

  /// Whether the death of a job's worker counts against the job.
  fileprivate func isBlamedForDeath(_ job: Int64, at time: LeaseTime) throws -> Bool {
    try spareInnocent(at: time)
    return try number("SELECT spared FROM jobs WHERE number = ?", [job]) == 0
  }

  /// Gives a job its final status: drops lease and checkpoints, and the checkpoints' bytes.
  func finish(_ job: Int64, as status: JobStatus, error: String? = nil, now: Int64) throws {
    try run(
      """
      UPDATE jobs SET status = ?, error = ?, finished_at = ?, lease_owner = NULL,
        lease_expires_at = NULL, lease_boot = NULL, lease_steady = NULL
      WHERE number = ?
      """, [status.rawValue, error, now, job])
    let checkpoints = try all("SELECT blob FROM checkpoints WHERE job = ?", [job])
    guard !checkpoints.isEmpty else { return }
    try run("DELETE FROM checkpoints WHERE job = ?", [job])
    for checkpoint in checkpoints { try doomIfUnused(checkpoint.text("blob"), as: .leisurely) }
  }
}
