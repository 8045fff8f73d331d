import GRDB
import Store

extension SQLiteStore {
  /// See ``JobQueue/job(_:)``.
  public func job(_ id: JobID) throws -> JobRecord {
    try read { db in try db.jobRecord(number: db.jobNumber(id)) }
  }

  /// See ``JobQueue/requesters(of:)``.
  public func requesters(of id: JobID) throws -> [UserID] {
    try read { db in
      try db.all(
        "SELECT user FROM job_requesters WHERE job = ? ORDER BY added_at, user",
        [db.jobNumber(id)]
      ).map { try $0.user("user") }
    }
  }

  /// See ``JobQueue/isRequester(_:of:)``.
  public func isRequester(_ user: UserID, of id: JobID) throws -> Bool {
    try read { db in try db.isRequester(user, ofJob: db.jobNumber(id)) }
  }

  /// See ``JobQueue/requester(_:of:)``.
  public func requester(_ user: UserID, of id: JobID) throws -> RequesterRecord? {
    try read { db in
      try db.first(
        "SELECT added_at, priority FROM job_requesters WHERE user = ? AND job = ?",
        [user.text, db.jobNumber(id)]
      ).map { row in
        RequesterRecord(
          addedAt: try row.date("added_at"),
          priority: try row.optionalInteger("priority").map { Int(clamping: $0) })
      }
    }
  }

  /// See ``JobQueue/jobs(_:after:limit:)``.
  public func jobs(_ filter: JobFilter, after: JobID?, limit: Int) throws -> Page<JobRecord> {
    try Page<JobRecord>.validate(limit: limit)
    return try read { db in
      let before = try after.map { try db.jobNumber($0) } ?? .max
      let query = JobListQuery(filter)
      var arguments = query.arguments
      if let user = filter.user {
        let asked: Int64 = try after == nil ? .max : db.timeAsked(before, by: user)
        arguments += [asked]
      }
      return try db.page(query.sql, arguments + [before, limit + 1], limit: limit) {
        try db.jobRecord($0)
      }
    }
  }

  /// See ``JobQueue/position(of:)``.
  public func position(of id: JobID) throws -> Int? {
    try read { db in
      let job = try db.jobNumber(id)
      guard
        let row = try db.first(
          "SELECT priority, turn FROM jobs WHERE number = ? AND status = 'queued'", [job])
      else { return nil }
      let (priority, turn) = (try row.integer("priority"), try row.integer("turn"))
      return Int(
        clamping: try db.number(
          Self.positionQuery, [priority, priority, turn, priority, turn, job]))
    }
  }

  /// Counts what stands before a priority, turn and number in the order of `claimQuery`.
  package static let positionQuery = """
    SELECT count(*) FROM jobs INDEXED BY jobs_open
    WHERE status IN ('queued', 'running') AND status = 'queued' AND cancel_requested = 0
      AND (priority > ? OR priority = ? AND turn < ? OR priority = ? AND turn = ? AND number < ?)
    """
}

/// The listing of jobs; one fixed statement for each combination of filters, so that each one finds
/// its index.
package struct JobListQuery {
  /// The query, whose last two parameters are a job number to stay below and a limit. With a user, the
  /// parameter before them is the time at which that user asked for that job.
  package let sql: String
  let arguments: StatementArguments

  package init(_ filter: JobFilter) {
    var arguments = StatementArguments()
    var from = "jobs j"
    var conditions: [String] = []
    var order = "j.number DESC"
    var bound = "j.number < ?"
    if filter.user != nil {
      // The order of tables is fixed: the user's few jobs come first, in their index's order.
      from = """
        job_requesters r INDEXED BY job_requesters_added_at CROSS JOIN jobs j ON j.number = r.job
        """
      order = "r.added_at DESC, r.job DESC"
      bound = "(r.added_at, r.job) < (?, ?)"
    }
    if let status = filter.status {
      conditions.append("j.status = ?")
      arguments += [status.rawValue]
    }
    if let user = filter.user {
      conditions.append("r.user = ?")
      arguments += [user.text]
    }
    conditions.append(bound)
    sql = """
      SELECT \(Database.jobColumns) FROM \(from) WHERE \(conditions.joined(separator: " AND "))
      ORDER BY \(order) LIMIT ?
      """
    self.arguments = arguments
  }
}

extension Database {
  /// A document that goes out as it is: one that is none, in a damaged row, becomes null.
  private static func document(_ text: String) -> String {
    "iif(json_valid(\(text)), \(text), 'null')"
  }

  /// What ``jobRecord(_:)`` reads for a list, of the table `jobs` called `j`.
  static let jobColumns = jobColumns(profile: document("j.profile"))

  private static func jobColumns(profile: String) -> String {
    """
    j.number, j.id, j.owner, j.status, j.priority, j.fingerprint, j.base_model,
    \(profile) AS profile, \(document("j.recipe")) AS recipe, j.seed,
    \(document("j.metadata")) AS metadata, j.created_at, j.started_at, j.finished_at, j.attempt,
    j.deaths, j.lease_owner, j.lease_expires_at, j.cancel_requested, j.progress, j.error,
    j.estimate, j.class_count, j.requires,
    (SELECT m.id FROM models m WHERE m.number = j.result_model) AS result_model
    """
  }

  /// The same with the whole profile.
  static let wholeJobColumns = jobColumns(
    profile: """
      coalesce((SELECT \(document("w.profile")) FROM job_profiles w WHERE w.job = j.number),
        \(document("j.profile")))
      """)

  /// The row number behind a job's name.
  func jobNumber(_ id: JobID) throws -> Int64 {
    guard let row = try first("SELECT number FROM jobs WHERE id = ?", [id.rawValue]) else {
      throw StoreError.notFound(.job, id.rawValue)
    }
    return try row.integer("number")
  }

  func jobRecord(number: Int64) throws -> JobRecord {
    guard
      let row = try first("SELECT \(Self.wholeJobColumns) FROM jobs j WHERE j.number = ?", [number])
    else { throw StoreError.databaseCorrupt(reason: "job number \(number) is missing") }
    return try jobRecord(row)
  }

  func jobRecord(_ row: Row) throws -> JobRecord {
    JobRecord(
      id: try row.identifier("id", as: JobID.self),
      owner: try row.optionalUser("owner"),
      status: try row.value("status", JobStatus.init(rawValue:)),
      priority: try row.int("priority", in: StoreRules.priorities),
      fingerprint: try row.digest("fingerprint"),
      baseModel: try row.text("base_model"),
      profile: try row.document("profile"), classCount: try row.int("class_count"),
      recipe: try row.document("recipe"),
      seed: UInt64(bitPattern: try row.integer("seed")),
      metadata: try row.document("metadata"),
      createdAt: try row.date("created_at"),
      startedAt: try row.optionalDate("started_at"),
      finishedAt: try row.optionalDate("finished_at"),
      attempt: try row.int("attempt"),
      deaths: try row.int("deaths"),
      leaseOwner: try row.optionalText("lease_owner"),
      leaseExpiresAt: try row.optionalDate("lease_expires_at"),
      isCancelRequested: try row.int("cancel_requested") != 0,
      progress: try row.optionalDocument("progress"),
      error: try row.optionalDocument("error"),
      estimate: try row.optionalDocument("estimate"),
      requires: try WorkerLabel.names(in: row.text("requires")),
      resultModel: try row.optionalText("result_model").flatMap(ModelID.init(rawValue:)))
  }

  /// When the user asked for a job; for one that the user left, when it was made.
  fileprivate func timeAsked(_ job: Int64, by user: UserID) throws -> Int64 {
    try number(
      """
      SELECT coalesce((SELECT added_at FROM job_requesters WHERE user = ? AND job = ?),
        (SELECT created_at FROM jobs WHERE number = ?), 0)
      """, [user.text, job, job])
  }

  /// Whether the user gets the job's result.
  func isRequester(_ user: UserID, ofJob job: Int64) throws -> Bool {
    try first("SELECT 1 FROM job_requesters WHERE user = ? AND job = ?", [user.text, job]) != nil
  }

  /// Whether anybody gets the job's result.
  func isWanted(job: Int64) throws -> Bool {
    try first("SELECT 1 FROM job_requesters WHERE job = ?", [job]) != nil
  }
}
