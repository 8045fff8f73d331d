import Digests
import Foundation
import Store

extension MemoryRows {
  func earlierJob(of user: UserID, under key: IdempotencyKey) throws -> Job? {
    guard let earlier = users[user]?.keys[key.text] else { return nil }
    guard earlier.request == key.request else { throw StoreError.idempotencyKeyReused(key.text) }
    return try job(earlier.job)
  }

  /// The turn of the user's next job, which puts the one after back by its cost.
  mutating func nextTurn(of user: UserID, priority: Int, cost: Int) -> Int64 {
    let turn = max(turns[priority] ?? 0, users[user]?.turns[priority] ?? 0)
    users[user]?.turns[priority] = turn + Int64(cost)
    return turn
  }

  mutating func addRequester(_ request: Submission, bytes: Int, toJobAt index: Int, now: Int64) {
    var requester =
      jobs[index].requesters[request.user]
      ?? Requester(addedAt: now, priority: request.priority, bytes: bytes)
    requester.priority = max(requester.priority, request.priority)
    jobs[index].requesters[request.user] = requester
  }

  mutating func cancel(jobAt index: Int, now: Int64) {
    switch jobs[index].status {
    case .running: jobs[index].isCancelRequested = true
    case .queued:
      let job = jobs[index]
      if job.attempt == 0, let owner = job.owner, let turn = users[owner]?.turns[job.priority] {
        users[owner]?.turns[job.priority] = max(0, turn - Int64(job.cost))
      }
      finish(jobAt: index, as: .cancelled, now: now)
    case .succeeded, .failed, .cancelled: break
    }
  }

  mutating func detach(_ user: UserID, fromJobAt index: Int) {
    jobs[index].requesters[user] = nil
    if jobs[index].owner == user {
      jobs[index].owner = jobs[index].waiting.first
      jobs[index].metadata = Data("{}".utf8)
    }
  }

  func unfinishedJobIndex(_ id: JobID) throws -> Int {
    let index = try jobIndex(id)
    guard !jobs[index].status.isFinished else {
      throw StoreError.jobFinished(id, jobs[index].status)
    }
    return index
  }
}

extension MemoryStore {
  func submit(_ submission: Submission) throws -> SubmissionOutcome {
    let row = try CheckedSubmission(submission)
    return try write { rows, now in
      rows.ensureUser(submission.user, now: now)
      rows.noteSeen(submission.user, now: now)
      if let key = submission.idempotencyKey,
        let job = try rows.earlierJob(of: submission.user, under: key)
      {
        guard let model = job.resultModel else { return .joined(job.record) }
        return .existing(job.record, rows.models[try rows.modelIndex(model)].record)
      }
      try row.requireBaseModel(rows.baseModels[submission.baseModel]?.record.digest)
      rows.recordProfile(submission, row, now: now)
      let outcome = try Self.answer(submission, row, in: &rows, now: now)
      if let key = submission.idempotencyKey {
        rows.users[submission.user]?.keys[key.text] = (key.request, outcome.job.id, now)
      }
      return outcome
    }
  }

  private static func answer(
    _ request: Submission, _ row: CheckedSubmission, in rows: inout MemoryRows, now: Int64
  ) throws -> SubmissionOutcome {
    if let made = rows.models.firstIndex(where: { $0.record.fingerprint == request.fingerprint }) {
      let job = try rows.jobIndex(rows.models[made].record.job)
      rows.models[made].users[request.user] = rows.models[made].users[request.user] ?? now
      rows.models[made].usedAt = max(rows.models[made].usedAt, now)
      rows.addRequester(request, bytes: row.bytes, toJobAt: job, now: now)
      return .existing(rows.jobs[job].record, rows.models[made].record)
    }
    if let open = rows.jobs.firstIndex(where: {
      $0.asked.fingerprint == request.fingerprint && !$0.status.isFinished
    }) {
      rows.addRequester(request, bytes: row.bytes, toJobAt: open, now: now)
      rows.jobs[open].isCancelRequested = false
      rows.jobs[open].owner = rows.jobs[open].owner ?? request.user
      if request.priority > rows.jobs[open].priority {
        rows.jobs[open].priority = request.priority
        rows.jobs[open].turn = rows.nextTurn(
          of: request.user, priority: request.priority, cost: row.cost)
      }
      return .joined(rows.jobs[open].record)
    }
    let queued = rows.jobs.filter { $0.status == .queued }
    guard queued.count < request.limits.total else {
      throw StoreError.queueFull(scope: .total, limit: request.limits.total)
    }
    guard queued.count(where: { $0.owner == request.user }) < request.limits.perUser else {
      throw StoreError.queueFull(scope: .user, limit: request.limits.perUser)
    }
    let stored = rows.storedBytes(of: request.user)
    guard stored < request.limits.storedBytes else {
      throw StoreError.quotaExceeded(stored: stored, limit: request.limits.storedBytes)
    }
    let turn = rows.nextTurn(of: request.user, priority: request.priority, cost: row.cost)
    rows.jobs.append(
      MemoryRows.Job(
        number: rows.nextNumber(), id: .random(), owner: request.user, priority: request.priority,
        turn: turn, cost: row.cost, asked: request, metadata: request.metadata, createdAt: now))
    rows.addRequester(request, bytes: row.bytes, toJobAt: rows.jobs.count - 1, now: now)
    return .created(rows.jobs[rows.jobs.count - 1].record)
  }

  func job(_ id: JobID) throws -> JobRecord { try read { try $0.job(id).record } }

  func earlierJob(of user: UserID, under key: IdempotencyKey) throws -> JobRecord? {
    try FieldText.validate(key.text, field: "idempotency key")
    return try read { try $0.earlierJob(of: user, under: key)?.record }
  }

  func requesters(of id: JobID) throws -> [UserID] { try read { try $0.job(id).waiting } }

  func isRequester(_ user: UserID, of id: JobID) throws -> Bool {
    try requester(user, of: id) != nil
  }

  func requester(_ user: UserID, of id: JobID) throws -> RequesterRecord? {
    try read { rows in
      try rows.job(id).requesters[user].map {
        RequesterRecord(addedAt: Timestamp.date($0.addedAt), priority: $0.priority)
      }
    }
  }

  func jobs(_ filter: JobFilter, after: JobID?, limit: Int) throws -> Page<JobRecord> {
    try read { rows in
      func place(_ job: MemoryRows.Job) -> (Int64, Int64) {
        guard let user = filter.user else { return (job.number, 0) }
        return (job.requesters[user]?.addedAt ?? job.createdAt, job.number)
      }
      let bound = try after.map { place(try rows.job($0)) } ?? (.max, .max)
      let found = rows.jobs.filter { job in
        (filter.user.map { job.requesters[$0] != nil } ?? true)
          && (filter.status.map { $0 == job.status } ?? true) && place(job) < bound
      }.sorted { place($0) > place($1) }
      return try Self.page(found.map(\.record), limit: limit)
    }
  }

  func position(of id: JobID) throws -> Int? {
    try read { rows in
      let job = try rows.job(id)
      guard job.status == .queued else { return nil }
      return rows.jobs.count {
        $0.status == .queued && !$0.isCancelRequested && $0.goes(before: job)
      }
    }
  }

  func backlog() throws -> Backlog {
    let now = now
    return try read { rows in
      let queued = rows.jobs.filter { $0.status == .queued }
      let oldest = queued.map(\.createdAt).min() ?? now
      return Backlog(
        queued: queued.count, running: rows.jobs.count { $0.status == .running },
        oldestAge: TimeInterval(max(0, now - oldest)) / 1000, oldest: queued.first?.id)
    }
  }

  func requestCancel(_ id: JobID) throws -> JobRecord {
    try write { rows, now in
      let index = try rows.unfinishedJobIndex(id)
      rows.cancel(jobAt: index, now: now)
      return rows.jobs[index].record
    }
  }

  func withdraw(_ user: UserID, from id: JobID) throws -> JobRecord {
    try write { rows, now in
      let index = try rows.unfinishedJobIndex(id)
      guard rows.jobs[index].requesters[user] != nil else {
        throw StoreError.notFound(.job, id.rawValue)
      }
      // The last one keeps the job, to see it cancelled.
      if rows.jobs[index].requesters.count > 1 {
        rows.detach(user, fromJobAt: index)
      } else {
        rows.cancel(jobAt: index, now: now)
      }
      return rows.jobs[index].record
    }
  }

  func append(_ event: NewEvent, to id: JobID) throws -> EventRecord {
    _ = try event.checkedData()
    return try write { rows, now in
      let index = try rows.jobIndex(id)
      let record = EventRecord(
        sequence: (rows.jobs[index].events.last?.sequence ?? 0) + 1, event: event,
        createdAt: Timestamp.date(now))
      rows.jobs[index].events.append(record)
      return record
    }
  }

  func events(of id: JobID, after: Int64, limit: Int) throws -> Page<EventRecord> {
    try read { rows in
      try Self.page(rows.job(id).events.filter { $0.sequence > after }, limit: limit)
    }
  }
}
