import ClassWeights
import Digests
import GRDB
import Store

extension SQLiteStore {
  /// See ``JobQueue/submit(_:)``.
  public func submit(_ submission: Submission) throws -> SubmissionOutcome {
    let row = try CheckedSubmission(submission)
    return try write { db, now in
      try db.ensureUser(row.user, now: now)
      try db.noteSeen("?3", [row.user], now: now)
      if let outcome = try db.replay(row) { return outcome }
      try row.requireBaseModel(
        db.first("SELECT digest FROM base_models WHERE name = ?", [row.baseModel])?
          .digest("digest"))
      try db.recordProfile(row, now: now)
      let outcome = try db.answer(row, now: now)
      if let key = row.idempotencyKey {
        try db.run(
          """
          INSERT INTO idempotency_keys (user, key, request, job, created_at)
          SELECT ?, ?, ?, number, ? FROM jobs WHERE id = ?
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

extension Database {
  /// Makes the user where there is none.
  func ensureUser(_ user: String, now: Int64) throws {
    try run(
      """
      INSERT INTO users (id, created_at, seen_at) VALUES (?1, ?2, ?2) ON CONFLICT (id) DO NOTHING
      """, [user, now])
  }

  /// Writes down that users are here now; of those who were within the hour that is known.
  func noteSeen(_ users: String, _ arguments: StatementArguments, now: Int64) throws {
    try run(
      "UPDATE users SET seen_at = ?1 WHERE seen_at <= ?1 - ?2 AND id IN (\(users))",
      [now, StoreRules.seenInterval] + arguments)
  }

  /// Adds the user to those who get the job's result.
  fileprivate func addRequester(_ request: CheckedSubmission, job: Int64, now: Int64) throws {
    try run(
      """
      INSERT INTO job_requesters (user, job, added_at, priority, bytes) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (user, job) DO UPDATE SET
        priority = max(coalesce(priority, excluded.priority), excluded.priority)
      """, [request.user, job, now, request.priority, request.bytes])
  }

  /// Gives the user the model.
  func addModelUser(_ user: String, model: Int64, now: Int64) throws {
    try run(
      """
      INSERT INTO model_users (user, model, added_at) VALUES (?, ?, ?)
      ON CONFLICT (user, model) DO NOTHING
      """, [user, model, now])
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
        "SELECT request, job FROM idempotency_keys WHERE user = ? AND key = ?", [user, key.text])
    else { return nil }
    guard try earlier.digest("request") == key.request else {
      throw StoreError.idempotencyKeyReused(key.text)
    }
    return try jobRecord(number: earlier.integer("job"))
  }

  /// Adds a version to the user's profile unless it is the current one already. Of the versions before
  /// so many stay as the bounds on their number and bytes allow.
  fileprivate func recordProfile(_ request: CheckedSubmission, now: Int64) throws {
    // Texts are compared, not what they say: both were written by the same encoder.
    let current = try first(
      """
      SELECT p.version, p.base_model = ?2 AND coalesce(w.classes, p.classes) = ?3
        AND coalesce(w.profile, p.profile) = ?4 AS is_same
      FROM profiles p LEFT JOIN profile_documents w ON w.user = p.user AND w.version = p.version
      WHERE p.user = ?1 ORDER BY p.version DESC LIMIT 1
      """, [request.user, request.baseModel, request.classesText, request.profile])
    if let current, try current.int("is_same") != 0 { return }
    let version = try (current?.int("version") ?? 0) + 1
    let isLong = request.classes.count > ShortRows.elements
    try run(
      """
      INSERT INTO profiles (user, version, base_model, classes, profile, created_at, class_count,
        bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        request.user, version, request.baseModel,
        isLong ? beginning(ofObjects: request.classesText) : request.classesText,
        isLong ? "[]" : request.profile, now, request.classes.count,
        request.classesText.utf8.count + request.profile.utf8.count,
      ])
    if isLong {
      try run(
        "INSERT INTO profile_documents (user, version, classes, profile) VALUES (?, ?, ?, ?)",
        [request.user, version, request.classesText, request.profile])
    }
    try run(
      """
      DELETE FROM profiles WHERE user = ?1 AND version < ?2 AND (version <= ?3 OR ?4 <
        (SELECT sum(n.bytes) FROM profiles n WHERE n.user = ?1 AND n.version >= profiles.version))
      """,
      [request.user, version, version - UserRecord.historyLimit, UserRecord.historyByteLimit])
  }

  fileprivate func answer(_ request: CheckedSubmission, now: Int64) throws -> SubmissionOutcome {
    if let model = try first(
      "SELECT number, job FROM models WHERE fingerprint = ?", [request.fingerprint])
    {
      let number = try model.integer("number")
      let job = try model.integer("job")
      try addModelUser(request.user, model: number, now: now)
      try addRequester(request, job: job, now: now)
      try run("UPDATE models SET used_at = max(used_at, ?) WHERE number = ?", [now, number])
      return .existing(try jobRecord(number: job), try modelRecord(number: number))
    }
    if let open = try first(
      "SELECT number, priority FROM jobs WHERE fingerprint = ? AND status IN ('queued', 'running')",
      [request.fingerprint])
    {
      let job = try open.integer("number")
      try addRequester(request, job: job, now: now)
      // Whoever joins wants the result: a cancellation that has not happened yet is off.
      try run(
        """
        UPDATE jobs SET cancel_requested = 0, owner = coalesce(owner, ?) WHERE number = ?
        """, [request.user, job])
      if try request.priority > open.int("priority", in: StoreRules.priorities) {
        let turn = try nextTurn(
          of: request.user, priority: request.priority, cost: request.cost)
        try run(
          "UPDATE jobs SET priority = ?, turn = ? WHERE number = ?", [request.priority, turn, job])
      }
      return .joined(try jobRecord(number: job))
    }
    return .created(try insertJob(request, now: now))
  }

  fileprivate func insertJob(_ request: CheckedSubmission, now: Int64) throws -> JobRecord {
    let waiting = try number("SELECT count(*) FROM jobs WHERE status = 'queued'")
    try request.limits.admit(
      waiting: waiting,
      waitingOfUser: {
        try number(
          "SELECT count(*) FROM jobs WHERE owner = ? AND status = 'queued'", [request.user])
      }, stored: { try storedBytes(of: request.user) })
    let turn = try nextTurn(of: request.user, priority: request.priority, cost: request.cost)
    let isLong = request.classes.count > ShortRows.elements
    try run(
      """
      INSERT INTO jobs (id, owner, status, priority, turn, fingerprint, base_model, profile, recipe,
        seed, metadata, estimate, cost, memory_estimate, created_at, class_count,
        requires)
      VALUES (?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        JobID.random().rawValue, request.user, request.priority, turn, request.fingerprint,
        request.baseModel, isLong ? beginning(ofObjects: request.profile) : request.profile,
        request.recipe, request.seed, request.metadata, request.estimate, request.cost,
        request.memoryEstimate, now, request.classes.count, request.requires,
      ])
    let job = lastInsertedRowID
    if isLong {
      try run(
        "INSERT INTO job_profiles (job, profile) VALUES (?, ?)", [job, request.profile])
    }
    try addRequester(request, job: job, now: now)
    return try jobRecord(number: job)
  }
}
