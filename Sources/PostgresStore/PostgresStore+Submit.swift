#if Fleet
  import ClassWeights
  import Digests
  import Store

  extension PostgresStore {
    /// See ``JobQueue/submit(_:)``.
    public func submit(_ submission: Submission) throws -> SubmissionOutcome {
      let row = try CheckedSubmission(submission)
      return try write { db, now in
        try db.ensureUser(row.user, now: now)
        // One request of a user at a time: versions of the profile, turns, keys and limits count up.
        guard
          let user = try db.first(
            "SELECT seen_at FROM users WHERE id = $1 FOR NO KEY UPDATE", [row.user])
        else { throw PostgresFault(state: "40001", message: "the user was deleted meanwhile") }
        if try user.integer("seen_at") <= now - StoreRules.seenInterval {
          try db.run("UPDATE users SET seen_at = $1 WHERE id = $2", [now, row.user])
        }
        if let outcome = try db.replay(row) { return outcome }
        // Whoever replaces it waits until the job is there, or this one for the new digest.
        try row.requireBaseModel(
          db.first(
            "SELECT digest FROM base_models WHERE name = $1 FOR KEY SHARE", [row.baseModel])?
            .digest("digest"))
        try db.recordProfile(row, now: now)
        let outcome = try db.answer(row, now: now)
        if let key = row.idempotencyKey {
          try db.run(
            """
            INSERT INTO idempotency_keys (user_id, key, request, job, created_at)
            SELECT $1, $2, $3, number, $4 FROM jobs WHERE id = $5
            """, [row.user, key.text, key.request.hex, now, outcome.job.id.rawValue])
        }
        return outcome
      }
    }

    /// See ``JobQueue/earlierJob(of:under:)``.
    public func earlierJob(of user: UserID, under key: IdempotencyKey) throws -> JobRecord? {
      try FieldText.validate(key.text, field: "idempotency key")
      return try read { db in try db.earlierJob(of: user.text, under: key) }
    }
  }

  extension PostgresSession {
    /// Makes the user where there is none.
    func ensureUser(_ user: String, now: Int64) throws {
      try run(
        """
        INSERT INTO users (id, created_at, seen_at) VALUES ($1, $2, $2) ON CONFLICT (id) DO NOTHING
        """, [user, now])
    }

    /// Adds the user to those who get the job's result.
    private func addRequester(_ request: CheckedSubmission, job: Int64, now: Int64) throws {
      try run(
        """
        INSERT INTO job_requesters AS r (user_id, job, added_at, priority, bytes)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id, job) DO UPDATE SET
          priority = greatest(r.priority, excluded.priority)
        """, [request.user, job, now, request.priority, request.bytes])
    }

    /// The first answer to a request that came before under the same key.
    fileprivate func replay(_ request: CheckedSubmission) throws -> SubmissionOutcome? {
      guard let key = request.idempotencyKey,
        let job = try earlierJob(of: request.user, under: key)
      else { return nil }
      if let model = job.resultModel { return .existing(job, try modelRecord(model)) }
      return .joined(job)
    }

    fileprivate func earlierJob(of user: String, under key: IdempotencyKey) throws -> JobRecord? {
      guard
        let earlier = try first(
          "SELECT request, job FROM idempotency_keys WHERE user_id = $1 AND key = $2",
          [user, key.text])
      else { return nil }
      guard try earlier.digest("request") == key.request else {
        throw StoreError.idempotencyKeyReused(key.text)
      }
      return try jobRecord(number: earlier.integer("job"))
    }

    /// Adds a version to the user's profile unless it is the current one already. Of the versions before
    /// so many stay as the bounds on their number and bytes allow.
    fileprivate func recordProfile(_ request: CheckedSubmission, now: Int64) throws {
      let current = try first(
        """
        SELECT version, base_model = $2 AND classes = $3 AND profile = $4 AS is_same
        FROM profiles WHERE user_id = $1 ORDER BY version DESC LIMIT 1
        """, [request.user, request.baseModel, request.classesText, request.profile])
      if try current?.bool("is_same") == true { return }
      let version = try (current?.int("version") ?? 0) + 1
      try run(
        """
        INSERT INTO profiles (user_id, version, base_model, classes, first_classes, class_count,
          profile, bytes, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        [
          request.user, version, request.baseModel, request.classesText,
          request.classes.count > ShortRows.elements
            ? beginning(ofList: request.classesText) : nil, request.classes.count,
          request.profile, request.classesText.utf8.count + request.profile.utf8.count, now,
        ])
      try run(
        """
        DELETE FROM profiles p WHERE p.user_id = $1 AND p.version < $2 AND (p.version <= $3 OR $4 <
          (SELECT sum(n.bytes) FROM profiles n WHERE n.user_id = $1 AND n.version >= p.version))
        """,
        [request.user, version, version - UserRecord.historyLimit, UserRecord.historyByteLimit])
    }

    /// The first elements of a list in JSON, as they are written there; what is no list stays whole.
    func beginning(ofList list: String) throws -> String {
      try first(
        """
        SELECT CASE json_typeof($1::json) WHEN 'array' THEN
          (SELECT '[' || coalesce(string_agg(e.value::text, ',' ORDER BY e.n), '') || ']'
            FROM json_array_elements($1::json) WITH ORDINALITY e (value, n) WHERE e.n <= $2)
          ELSE $1 END AS text
        """, [list, ShortRows.elements])?.text("text") ?? list
    }

    fileprivate func answer(
      _ request: CheckedSubmission, now: Int64
    ) throws -> SubmissionOutcome {
      // The open job first: whoever finishes it makes the model in the same transaction, for which the
      // lock waits.
      if let open = try first(
        """
        SELECT number, priority FROM jobs
        WHERE fingerprint = $1 AND status IN ('queued', 'running') FOR NO KEY UPDATE
        """, [request.fingerprint])
      {
        let job = try open.integer("number")
        try addRequester(request, job: job, now: now)
        // Whoever joins wants the result: a cancellation that has not happened yet is off.
        try run(
          """
          UPDATE jobs SET cancel_requested = false, owner = coalesce(owner, $1) WHERE number = $2
            AND (cancel_requested OR owner IS NULL)
          """, [request.user, job])
        if try request.priority > open.int("priority", in: StoreRules.priorities) {
          let turn = try nextTurn(
            of: request.user, priority: request.priority, cost: request.cost)
          try run(
            "UPDATE jobs SET priority = $1, turn = $2 WHERE number = $3",
            [request.priority, turn, job])
        }
        return .joined(try jobRecord(number: job))
      }
      if let model = try first(
        "SELECT number, job FROM models WHERE fingerprint = $1 FOR NO KEY UPDATE",
        [request.fingerprint])
      {
        let number = try model.integer("number")
        let job = try model.integer("job")
        try run(
          """
          INSERT INTO model_users (user_id, model, added_at) VALUES ($1, $2, $3)
          ON CONFLICT (user_id, model) DO NOTHING
          """, [request.user, number, now])
        try addRequester(request, job: job, now: now)
        try run(
          "UPDATE models SET used_at = greatest(used_at, $1) WHERE number = $2", [now, number])
        return .existing(try jobRecord(number: job), try modelRecord(number: number))
      }
      return .created(try insertJob(request, now: now))
    }

    private func insertJob(_ request: CheckedSubmission, now: Int64) throws -> JobRecord {
      // New jobs one after the other: the queue's limit is counted, not guessed.
      _ = try first("SELECT pg_advisory_xact_lock(1129468752, 1)")
      let waiting = try number(
        """
        SELECT count(*) AS n FROM (SELECT 1 FROM jobs WHERE status = 'queued' LIMIT $1) q
        """, [request.limits.total])
      try request.limits.admit(
        waiting: waiting,
        waitingOfUser: {
          try number(
            "SELECT count(*) AS n FROM jobs WHERE owner = $1 AND status = 'queued'", [request.user])
        }, stored: { try storedBytes(of: request.user) })
      let turn = try nextTurn(of: request.user, priority: request.priority, cost: request.cost)
      let job = try number(
        """
        INSERT INTO jobs (id, owner, status, priority, turn, fingerprint, base_model, profile,
          first_profile, recipe, seed, metadata, estimate, cost, memory_estimate, created_at,
          class_count, requires)
        VALUES ($1, $2, 'queued', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
          $17)
        RETURNING number AS n
        """,
        [
          JobID.random().rawValue, request.user, request.priority, turn, request.fingerprint,
          request.baseModel, request.profile,
          request.classes.count > ShortRows.elements ? beginning(ofList: request.profile) : nil,
          request.recipe, request.seed, request.metadata, request.estimate, request.cost,
          request.memoryEstimate, now, request.classes.count, request.requires,
        ])
      try addRequester(request, job: job, now: now)
      return try jobRecord(number: job)
    }

    // MARK: Turns

    /// The turn of the user's next job, which costs `cost` turns. The user's row is locked.
    private func nextTurn(of user: String, priority: Int, cost: Int) throws -> Int64 {
      let queue = try number("SELECT turn AS n FROM queue_turns WHERE priority = $1", [priority])
      let own = try number(
        "SELECT turn AS n FROM user_turns WHERE user_id = $1 AND priority = $2", [user, priority])
      let turn = max(queue, own)
      let (next, overflows) = turn.addingReportingOverflow(Int64(cost))
      try run(
        """
        INSERT INTO user_turns (user_id, priority, turn) VALUES ($1, $2, $3)
        ON CONFLICT (user_id, priority) DO UPDATE SET turn = excluded.turn
        """, [user, priority, overflows ? Int64.max : next])
      return turn
    }

    /// Gives the owner of a job that never ran the turns back that it would have cost.
    func refundTurns(ofJob job: Int64) throws {
      try run(
        """
        UPDATE user_turns t SET turn = greatest(0, t.turn - j.cost)
        FROM jobs j WHERE j.number = $1 AND j.attempt = 0
          AND t.user_id = j.owner AND t.priority = j.priority
        """, [job])
    }
  }
#endif
