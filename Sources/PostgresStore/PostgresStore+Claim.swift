#if Fleet
  import Foundation
  import Store

  extension PostgresStore {
    /// See ``JobQueue/claim(worker:lease:holding:having:)``.
    public func claim(
      worker: String, lease: TimeInterval, holding held: [String] = [], having labels: [String] = []
    ) throws -> JobRecord? {
      try FieldText.validate(worker, field: "worker")
      let names = try JSONColumn.text(encoding: held, field: "held base models")
      let machine = try JSONColumn.text(encoding: labels, field: "labels")
      return try write { db, now in
        let expiry = try Timestamp.milliseconds(now, plus: lease, field: "lease")
        while let candidate = try db.first(Self.claimQuery, [now, names, machine]) {
          let job = try candidate.integer("number")
          let died = try candidate.text("status") == JobStatus.running.rawValue
          let isBlamed = try died && db.isBlamedForDeath(job, now: now)
          let deaths = try candidate.int("deaths") + (isBlamed ? 1 : 0)
          if try candidate.bool("cancel_requested") {
            try db.finish(job, as: .cancelled, now: now)
          } else if deaths >= Self.maximumDeaths {
            try db.run("UPDATE jobs SET deaths = $1 WHERE number = $2", [deaths, job])
            try db.finish(job, as: .failed, error: StoreRules.diedRepeatedly(deaths), now: now)
          } else {
            guard
              let taken = try db.first(
                Self.takeQuery, [job, deaths, now, worker, expiry])
            else { throw StoreError.databaseCorrupt(reason: "job number \(job) is missing") }
            return try db.jobRecord(taken)
          }
        }
        return nil
      }
    }

    /// The next job a worker may take at the time of its first parameter, locked: the first that waits, or
    /// a running one whose lease is over where that comes before it. What another worker is taking just
    /// now is passed over. Running jobs are few and their leases narrow; the queue is read from its index.
    /// While the queue is paused only what is to be cancelled and whose worker died. The second parameter
    /// names base models whose jobs wait, unless they are to be cancelled; the third what the worker's machine
    /// has.
    static let claimQuery = """
      WITH expired AS MATERIALIZED (
        SELECT j.number, j.status, j.deaths, j.cancel_requested, j.priority, j.turn
        FROM job_leases l JOIN jobs j ON j.number = l.job
        WHERE (j.cancel_requested OR NOT EXISTS (SELECT 1 FROM queue_pause)) AND l.expires_at <= $1
          AND j.status = 'running' AND (j.cancel_requested OR j.base_model
          NOT IN (SELECT json_array_elements_text($2::json)))
          AND \(suits)
        ORDER BY j.priority DESC, j.turn, j.number LIMIT 1 FOR UPDATE OF j, l SKIP LOCKED
      ), waiting AS MATERIALIZED (
        SELECT j.number, j.status, j.deaths, j.cancel_requested, j.priority, j.turn FROM jobs j
        WHERE NOT EXISTS (SELECT 1 FROM queue_pause) AND j.status = 'queued' AND (j.cancel_requested OR j.base_model
          NOT IN (SELECT json_array_elements_text($2::json)))
          AND \(suits)
        ORDER BY j.priority DESC, j.turn, j.number LIMIT 1 FOR UPDATE SKIP LOCKED
      )
      SELECT * FROM (SELECT * FROM expired UNION ALL SELECT * FROM waiting) c
      ORDER BY priority DESC, turn, number LIMIT 1
      """

    /// Gives a locked job to a worker, moves its priority's turn on (no other worker waits for that: who finds
    /// the row locked leaves it to the next) and reads the job, in one statement.
    static let takeQuery = """
      WITH taken AS (
        UPDATE jobs SET status = 'running', attempt = attempt + 1, deaths = $2,
          started_at = coalesce(started_at, $3) WHERE number = $1 RETURNING *
      ), leased AS (
        INSERT INTO job_leases AS l (job, attempt, worker, expires_at, memory_estimate)
        SELECT number, attempt, $4, $5, memory_estimate FROM taken
        ON CONFLICT (job) DO UPDATE SET attempt = excluded.attempt, worker = excluded.worker,
          expires_at = excluded.expires_at, memory_used = 0, is_spared = false
        RETURNING job, worker, expires_at
      ), turned AS (
        UPDATE queue_turns t SET turn = q.next FROM (
          SELECT o.priority, j.turn AS next FROM queue_turns o JOIN taken j ON j.priority = o.priority
          WHERE o.turn < j.turn FOR UPDATE OF o SKIP LOCKED) q
        WHERE t.priority = q.priority
      ), begun AS (
        INSERT INTO queue_turns (priority, turn) SELECT priority, turn FROM taken j
        WHERE turn > 0 AND NOT EXISTS (SELECT 1 FROM queue_turns o WHERE o.priority = j.priority)
        ON CONFLICT (priority) DO NOTHING
      )
      SELECT \(PostgresSession.jobColumns(isWhole: true))
      FROM taken j JOIN leased l ON l.job = j.number LEFT JOIN job_progress p ON p.job = j.number
      """

    /// Whether the worker's machine has what a job `j` needs. A CASE, because what most jobs need, nothing,
    /// is to be seen without reading any JSON, and because the planner takes it for neither rare nor common.
    private static let suits = """
      CASE WHEN j.cancel_requested OR j.requires = '[]' THEN true
        ELSE j.requires::jsonb <@ $3::jsonb END
      """

    /// See ``JobQueue/recoverAll()``. For a database that nobody else works on: others' workers live.
    public func recoverAll() throws -> [JobID] {
      try write { db, now in
        // No worker: a former one that still lives must not extend its lease.
        let jobs = try db.all(
          """
          WITH freed AS (UPDATE job_leases SET worker = NULL, expires_at = $1 RETURNING job)
          SELECT j.id FROM freed f JOIN jobs j ON j.number = f.job ORDER BY j.number
          """, [now])
        try db.spareInnocent(now: now)
        return try jobs.map { try $0.identifier("id", as: JobID.self) }
      }
    }
  }

  extension PostgresSession {
    /// Of jobs whose workers died, spares those that others may have killed: when the accounts of some
    /// exceed their estimates of memory, the rest are spared.
    fileprivate func spareInnocent(now: Int64) throws {
      try run(
        """
        UPDATE job_leases l SET is_spared = true
        FROM (SELECT job FROM job_leases WHERE expires_at <= $1 AND NOT is_spared
            AND memory_used <= coalesce(memory_estimate, memory_used)
            AND EXISTS (SELECT 1 FROM job_leases o
              WHERE o.expires_at <= $1 AND o.memory_used > o.memory_estimate)
          FOR UPDATE SKIP LOCKED) s
        WHERE l.job = s.job
        """, [now])
    }

    /// Whether the death of a job's worker counts against the job.
    fileprivate func isBlamedForDeath(_ job: Int64, now: Int64) throws -> Bool {
      try spareInnocent(now: now)
      return try first("SELECT is_spared FROM job_leases WHERE job = $1", [job])?
        .bool("is_spared") != true
    }

    /// Gives a locked job its final status: drops lease and checkpoints, and the checkpoints' bytes. In one
    /// statement, because each change of a job is one of its many indexes too.
    func finish(
      _ job: Int64, as status: JobStatus, error: String? = nil, model: Int64? = nil, now: Int64
    ) throws {
      let checkpoints = try all(
        """
        WITH done AS (UPDATE jobs SET status = $1, error = $2, finished_at = $3, result_model = $5
            WHERE number = $4),
          lease AS (DELETE FROM job_leases WHERE job = $4)
        DELETE FROM checkpoints WHERE job = $4 RETURNING blob
        """, [status.rawValue, error, now, job, model]
      ).map { try $0.text("blob") }
      for blob in Set(checkpoints).sorted() { try doomIfUnused(digest: blob) }
    }
  }
#endif
