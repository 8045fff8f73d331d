#if Fleet
  import Foundation
  import Store

  extension PostgresStore {
    /// See ``JobQueue/job(_:)``.
    public func job(_ id: JobID) throws -> JobRecord {
      try read { db in try db.jobRecord(id) }
    }

    /// See ``JobQueue/requesters(of:)``.
    public func requesters(of id: JobID) throws -> [UserID] {
      try read { db in
        try db.all(
          "SELECT user_id FROM job_requesters WHERE job = $1 ORDER BY added_at, user_id",
          [db.jobNumber(id)]
        ).map { try $0.user("user_id") }
      }
    }

    /// See ``JobQueue/isRequester(_:of:)``.
    public func isRequester(_ user: UserID, of id: JobID) throws -> Bool {
      try requester(user, of: id) != nil
    }

    /// See ``JobQueue/requester(_:of:)``.
    public func requester(_ user: UserID, of id: JobID) throws -> RequesterRecord? {
      try read { db in
        try db.first(
          "SELECT added_at, priority FROM job_requesters WHERE user_id = $1 AND job = $2",
          [user.text, db.jobNumber(id)]
        ).map { row in
          RequesterRecord(
            addedAt: try row.date("added_at"),
            priority: try row.int("priority", in: StoreRules.priorities))
        }
      }
    }

    /// See ``JobQueue/jobs(_:after:limit:)``.
    public func jobs(_ filter: JobFilter, after: JobID?, limit: Int) throws -> Page<JobRecord> {
      try Page<JobRecord>.validate(limit: limit)
      return try read { db in
        let before = try after.map { try db.jobNumber($0) } ?? Int64.max
        let columns = PostgresSession.jobColumns(isWhole: false)
        let status = filter.status.map(\.rawValue)
        let sql: String
        var values: [(any PostgresBindable)?] = [before, limit + 1]
        if let user = filter.user {
          sql = """
            SELECT \(columns) FROM job_requesters r JOIN jobs j ON j.number = r.job
            \(PostgresSession.jobJoins)
            WHERE r.user_id = $3 AND (r.added_at, r.job) < ($4, $1)
              \(status == nil ? "" : "AND j.status = $5")
            ORDER BY r.added_at DESC, r.job DESC LIMIT $2
            """
          let asked = try after == nil ? Int64.max : db.timeAsked(before, by: user)
          values += [user.text, asked]
        } else {
          sql = """
            SELECT \(columns) FROM jobs j \(PostgresSession.jobJoins)
            WHERE j.number < $1 \(status == nil ? "" : "AND j.status = $3")
            ORDER BY j.number DESC LIMIT $2
            """
        }
        if let status { values.append(status) }
        return try db.page(sql, values, limit: limit) { try db.jobRecord($0) }
      }
    }

    /// See ``JobQueue/position(of:)``.
    public func position(of id: JobID) throws -> Int? {
      try read { db in
        let job = try db.jobNumber(id)
        guard
          let row = try db.first(
            "SELECT priority, turn FROM jobs WHERE number = $1 AND status = 'queued'", [job])
        else { return nil }
        return Int(
          clamping: try db.number(
            """
            SELECT count(*) AS n FROM jobs WHERE status = 'queued' AND NOT cancel_requested
              AND (-priority, turn, number) < ($1, $2, $3)
            """, [-row.integer("priority"), row.integer("turn"), job]))
      }
    }

    /// See ``JobQueue/backlog()``.
    public func backlog() throws -> Backlog {
      try read { db in
        guard
          let row = try db.first(
            """
            SELECT count(*) FILTER (WHERE status = 'queued') AS queued,
              count(*) FILTER (WHERE status = 'running') AS running,
              (SELECT crisp_now()) - min(created_at) FILTER (WHERE status = 'queued') AS age,
              (SELECT id FROM jobs WHERE status = 'queued' ORDER BY number LIMIT 1) AS oldest
            FROM jobs WHERE status IN ('queued', 'running')
            """)
        else { return Backlog(queued: 0, running: 0, oldestAge: 0) }
        return Backlog(
          queued: try row.int("queued"), running: try row.int("running"),
          oldestAge: TimeInterval(max(0, try row.optionalInteger("age") ?? 0)) / 1000,
          oldest: try row.optionalText("oldest").flatMap(JobID.init(rawValue:)))
      }
    }

    // MARK: Cancelling

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
        let users = try db.all(
          "SELECT user_id FROM job_requesters WHERE job = $1 ORDER BY user_id = $2 DESC LIMIT 2",
          [job, user.text]
        ).map { try $0.user("user_id") }
        guard users.first == user else { throw StoreError.notFound(.job, id.rawValue) }
        if users.count > 1 {
          try db.detach(user.text, fromJob: job)
        } else {
          // The last one keeps the job, to see it cancelled.
          try db.cancel(job, now: now)
        }
        return try db.jobRecord(number: job)
      }
    }

    // MARK: Events

    /// See ``JobQueue/append(_:to:)``.
    public func append(_ event: NewEvent, to id: JobID) throws -> EventRecord {
      let data = try event.checkedData()
      return try write { db, now in
        let job = try db.jobNumber(id)
        // One after the other for each job. Not by its row: workers pass over jobs whose rows are locked.
        _ = try db.first("SELECT pg_advisory_xact_lock($1)", [job])
        let sequence = try db.number(
          """
          INSERT INTO job_events (job, sequence, level, type, message, data, created_at)
          SELECT $1, coalesce(max(sequence), 0) + 1, $2, $3, $4, $5, $6 FROM job_events
          WHERE job = $1 RETURNING sequence AS n
          """, [job, event.level.rawValue, event.type, event.message, data, now])
        return EventRecord(sequence: sequence, event: event, createdAt: Timestamp.date(now))
      }
    }

    /// See ``JobQueue/events(of:after:limit:)``.
    public func events(of id: JobID, after: Int64, limit: Int) throws -> Page<EventRecord> {
      try Page<EventRecord>.validate(limit: limit)
      return try read { db in
        try db.page(
          """
          SELECT sequence, level, type, message, data, created_at FROM job_events
          WHERE job = $1 AND sequence > $2 ORDER BY sequence LIMIT $3
          """, [db.jobNumber(id), after, limit + 1], limit: limit
        ) { try EventRecord($0) }
      }
    }
  }

  extension PostgresSession {
    /// What ``jobRecord(_:)`` reads of the tables `j`, `l` and `p`.
    static func jobColumns(isWhole: Bool) -> String {
      """
      j.number, j.id, j.owner, j.status, j.priority, j.fingerprint, j.base_model,
      \(isWhole ? "j.profile" : "coalesce(j.first_profile, j.profile) AS profile"), j.recipe,
      j.seed, j.metadata, j.created_at, j.started_at, j.finished_at, j.attempt, j.deaths,
      l.worker, l.expires_at, j.cancel_requested, p.progress, j.error, j.estimate, j.class_count,
      j.requires,
      (SELECT m.id FROM models m WHERE m.number = j.result_model) AS result_model
      """
    }

    /// Where the rest of a job `j` is.
    static let jobJoins =
      "LEFT JOIN job_leases l ON l.job = j.number LEFT JOIN job_progress p ON p.job = j.number"

    /// The row number behind a job's name.
    func jobNumber(_ id: JobID) throws -> Int64 {
      guard let row = try first("SELECT number FROM jobs WHERE id = $1", [id.rawValue]) else {
        throw StoreError.notFound(.job, id.rawValue)
      }
      return try row.integer("number")
    }

    fileprivate func jobRecord(_ id: JobID) throws -> JobRecord {
      guard
        let row = try first(
          "SELECT \(Self.jobColumns(isWhole: true)) FROM jobs j \(Self.jobJoins) WHERE j.id = $1",
          [id.rawValue])
      else { throw StoreError.notFound(.job, id.rawValue) }
      return try jobRecord(row)
    }

    func jobRecord(number: Int64) throws -> JobRecord {
      guard
        let row = try first(
          """
          SELECT \(Self.jobColumns(isWhole: true)) FROM jobs j \(Self.jobJoins) WHERE j.number = $1
          """, [number])
      else { throw StoreError.databaseCorrupt(reason: "job number \(number) is missing") }
      return try jobRecord(row)
    }

    func jobRecord(_ row: PostgresRow) throws -> JobRecord {
      JobRecord(
        id: try row.identifier("id", as: JobID.self), owner: try row.optionalUser("owner"),
        status: try row.value("status", JobStatus.init(rawValue:)),
        priority: try row.int("priority", in: StoreRules.priorities),
        fingerprint: try row.digest("fingerprint"), baseModel: try row.text("base_model"),
        profile: try row.document("profile"), classCount: try row.int("class_count"),
        recipe: try row.document("recipe"), seed: UInt64(bitPattern: try row.integer("seed")),
        metadata: try row.document("metadata"), createdAt: try row.date("created_at"),
        startedAt: try row.optionalDate("started_at"),
        finishedAt: try row.optionalDate("finished_at"), attempt: try row.int("attempt"),
        deaths: try row.int("deaths"), leaseOwner: try row.optionalText("worker"),
        leaseExpiresAt: try row.optionalDate("expires_at"),
        isCancelRequested: try row.bool("cancel_requested"),
        progress: try row.optionalDocument("progress"), error: try row.optionalDocument("error"),
        estimate: try row.optionalDocument("estimate"),
        requires: try WorkerLabel.names(in: row.text("requires")),
        resultModel: try row.optionalText("result_model").flatMap(ModelID.init(rawValue:)))
    }

    /// When the user asked for a job; for one that the user left, when it was made.
    fileprivate func timeAsked(_ job: Int64, by user: UserID) throws -> Int64 {
      try number(
        """
        SELECT coalesce((SELECT added_at FROM job_requesters WHERE user_id = $1 AND job = $2),
          (SELECT created_at FROM jobs WHERE number = $2), 0) AS n
        """, [user.text, job])
    }

    /// Whether anybody gets the job's result.
    func isWanted(job: Int64) throws -> Bool {
      try first("SELECT 1 FROM job_requesters WHERE job = $1 LIMIT 1", [job]) != nil
    }

    /// Cancels a locked job that waits, asks a running one to stop; leaves a finished one.
    func cancel(_ job: Int64, now: Int64) throws {
      try run(
        """
        UPDATE jobs SET cancel_requested = true
        WHERE number = $1 AND status = 'running' AND NOT cancel_requested
        """, [job])
      if try first("SELECT 1 FROM jobs WHERE number = $1 AND status = 'queued'", [job]) != nil {
        try refundTurns(ofJob: job)
        try finish(job, as: .cancelled, now: now)
      }
    }

    /// Takes the user from those who wait; a job the user owned goes to whoever asked next, without
    /// the former owner's notes.
    func detach(_ user: String, fromJob job: Int64) throws {
      try run("DELETE FROM job_requesters WHERE user_id = $1 AND job = $2", [user, job])
      try run(
        """
        UPDATE jobs SET metadata = '{}', owner = (SELECT user_id FROM job_requesters
          WHERE job = $1 ORDER BY added_at, user_id LIMIT 1)
        WHERE number = $1 AND owner = $2
        """, [job, user])
    }

    /// Locks the job.
    fileprivate func unfinishedJob(_ id: JobID) throws -> Int64 {
      guard
        let row = try first(
          "SELECT number, status FROM jobs WHERE id = $1 FOR UPDATE", [id.rawValue])
      else { throw StoreError.notFound(.job, id.rawValue) }
      let status = try row.value("status", JobStatus.init(rawValue:))
      guard !status.isFinished else { throw StoreError.jobFinished(id, status) }
      return try row.integer("number")
    }
  }
#endif
