import Digests
import Foundation
import Store

extension MemoryRows {
  mutating func finish(jobAt index: Int, as status: JobStatus, error: Data? = nil, now: Int64) {
    let checkpoints = jobs[index].checkpoints.values
    jobs[index].status = status
    jobs[index].error = error
    jobs[index].finishedAt = now
    jobs[index].worker = nil
    jobs[index].leaseEnd = nil
    jobs[index].checkpoints = [:]
    for checkpoint in checkpoints { dropIfUnused(checkpoint.blob.digest) }
  }

  /// Of jobs whose workers died together, those are to blame that outgrew their estimates, if any did.
  mutating func spareInnocent(now: Int64) {
    func hasDied(_ job: Job) -> Bool { job.status == .running && job.leaseEnd ?? .max <= now }
    func isGreedy(_ job: Job) -> Bool { job.memoryUsed > job.asked.memoryEstimate ?? .max }
    guard jobs.contains(where: { hasDied($0) && isGreedy($0) }) else { return }
    for index in jobs.indices where hasDied(jobs[index]) && !isGreedy(jobs[index]) {
      jobs[index].isSpared = true
    }
  }

  func heldJobIndex(_ id: JobID, attempt: Int) throws -> Int {
    guard
      let index = jobs.firstIndex(where: {
        $0.id == id && $0.attempt == attempt && $0.status == .running && $0.worker != nil
      })
    else { throw StoreError.leaseLost(id, attempt: attempt) }
    return index
  }
}

extension MemoryStore {
  func claim(
    worker: String, lease: TimeInterval, holding held: [String], having labels: [String]
  ) throws -> JobRecord? {
    try FieldText.validate(worker, field: "worker")
    return try write { rows, now in
      let end = try Timestamp.milliseconds(now, plus: lease, field: "lease")
      while let index = rows.jobs.indices.filter({
        let job = rows.jobs[$0]
        return (job.status == .queued || job.status == .running && job.leaseEnd ?? .max <= now)
          && (job.isCancelRequested || !held.contains(job.asked.baseModel))
          && (job.isCancelRequested || Set(job.asked.requires).isSubset(of: labels))
          && (rows.pausedAt == nil || job.isCancelRequested && job.status == .running)
      }).min(by: { rows.jobs[$0].goes(before: rows.jobs[$1]) }) {
        if rows.jobs[index].status == .running {
          rows.spareInnocent(now: now)
          if !rows.jobs[index].isSpared { rows.jobs[index].deaths += 1 }
        }
        let job = rows.jobs[index]
        if job.isCancelRequested {
          rows.finish(jobAt: index, as: .cancelled, now: now)
        } else if job.deaths >= Self.maximumDeaths {
          rows.finish(
            jobAt: index, as: .failed, error: Data(StoreRules.diedRepeatedly(job.deaths).utf8),
            now: now)
        } else {
          rows.jobs[index].status = .running
          rows.jobs[index].attempt += 1
          rows.jobs[index].worker = worker
          rows.jobs[index].leaseEnd = end
          rows.jobs[index].startedAt = job.startedAt ?? now
          rows.jobs[index].memoryUsed = 0
          rows.jobs[index].isSpared = false
          rows.turns[job.priority] = max(rows.turns[job.priority] ?? 0, job.turn)
          return rows.jobs[index].record
        }
      }
      return nil
    }
  }

  func heartbeat(
    _ id: JobID, attempt: Int, worker: String, lease: TimeInterval, memory: Int64
  ) throws -> Bool {
    try write { rows, now in
      let index = try rows.heldJobIndex(id, attempt: attempt)
      guard rows.jobs[index].worker == worker else {
        throw StoreError.leaseLost(id, attempt: attempt)
      }
      rows.jobs[index].leaseEnd = try Timestamp.milliseconds(now, plus: lease, field: "lease")
      rows.jobs[index].memoryUsed = max(rows.jobs[index].memoryUsed, memory)
      return rows.jobs[index].isCancelRequested
    }
  }

  func updateProgress(_ id: JobID, attempt: Int, progress: Data) throws {
    _ = try JSONColumn.text(progress, field: "progress")
    try write { rows, _ in
      let index = try rows.heldJobIndex(id, attempt: attempt)
      rows.jobs[index].progress = progress
    }
  }

  func saveCheckpoint(
    _ id: JobID, attempt: Int, iteration: Int, blob: SHA256Digest, keepingEarlier: Bool
  ) throws {
    try write { rows, now in
      let index = try rows.heldJobIndex(id, attempt: attempt)
      let record = try rows.blob(blob)
      let before = rows.jobs[index].checkpoints
      if iteration > before.keys.max() ?? 0 { rows.jobs[index].deaths = 0 }
      rows.jobs[index].checkpoints = before.filter { keepingEarlier && $0.key < iteration }
      rows.jobs[index].checkpoints[iteration] = CheckpointRecord(
        attempt: attempt, iteration: iteration, blob: record, createdAt: Timestamp.date(now))
      for old in before.values { rows.dropIfUnused(old.blob.digest) }
    }
  }

  func latestCheckpoint(_ id: JobID) throws -> CheckpointRecord? {
    try read { try $0.job(id).checkpoints.max { $0.key < $1.key }?.value }
  }

  func checkpoint(_ id: JobID, iteration: Int) throws -> CheckpointRecord? {
    try read { try $0.job(id).checkpoints[iteration] }
  }

  func release(_ id: JobID, attempt: Int) throws -> JobStatus {
    try write { rows, now in
      let index = try rows.heldJobIndex(id, attempt: attempt)
      if rows.jobs[index].isCancelRequested {
        rows.finish(jobAt: index, as: .cancelled, now: now)
      } else {
        rows.jobs[index].status = .queued
        rows.jobs[index].worker = nil
        rows.jobs[index].leaseEnd = nil
      }
      return rows.jobs[index].status
    }
  }

  func died(_ id: JobID, attempt: Int, error: Data) throws -> JobStatus {
    _ = try JSONColumn.text(error, field: "error")
    let isLast = try write { rows, now in
      let index = try rows.heldJobIndex(id, attempt: attempt)
      rows.jobs[index].deaths += 1
      let job = rows.jobs[index]
      guard !job.isCancelRequested, job.deaths >= Self.maximumDeaths else { return false }
      rows.finish(jobAt: index, as: .failed, error: error, now: now)
      return true
    }
    return try isLast ? .failed : release(id, attempt: attempt)
  }

  func cancelled(_ id: JobID, attempt: Int) throws -> JobStatus {
    try release(id, attempt: attempt)
  }

  func fail(_ id: JobID, attempt: Int, error: Data) throws {
    _ = try JSONColumn.text(error, field: "error")
    try write { rows, now in
      let index = try rows.heldJobIndex(id, attempt: attempt)
      rows.finish(jobAt: index, as: .failed, error: error, now: now)
    }
  }

  func publish(_ id: JobID, attempt: Int, model: NewModel) throws -> ModelRecord {
    _ = try CheckedModel(model)
    let published: ModelRecord? = try write { rows, now in
      let index = try rows.heldJobIndex(id, attempt: attempt)
      let job = rows.jobs[index]
      guard !job.requesters.isEmpty else {
        rows.finish(jobAt: index, as: .cancelled, now: now)
        return nil
      }
      let record = ModelRecord(
        id: .random(), fingerprint: job.asked.fingerprint, job: id,
        baseModel: job.asked.baseModel, blob: try rows.blob(model.blob), labels: model.labels,
        labelCount: model.labels.count, card: model.card, metadata: model.metadata,
        files: try model.files.map {
          ModelFileRecord(name: $0.name, blob: try rows.blob($0.blob), mediaType: $0.mediaType)
        }.sorted { $0.name < $1.name }, createdAt: Timestamp.date(now))
      rows.models.append(
        MemoryRows.Model(
          number: rows.nextNumber(), record: record, usedAt: now,
          users: job.requesters.mapValues { _ in now }))
      rows.finish(jobAt: index, as: .succeeded, now: now)
      rows.jobs[index].resultModel = record.id
      return record
    }
    guard let published else { throw StoreError.jobAbandoned(id) }
    return published
  }

  func recoverAll() throws -> [JobID] {
    try write { rows, now in
      let running = rows.jobs.indices.filter { rows.jobs[$0].status == .running }
      for index in running {
        rows.jobs[index].worker = nil
        rows.jobs[index].leaseEnd = now
      }
      rows.spareInnocent(now: now)
      return running.map { rows.jobs[$0].id }
    }
  }

  func expireIdempotencyKeys(olderThan age: TimeInterval) throws -> Int {
    let cutoff = try cutoff(age)
    return try write { rows, _ in
      var count = 0
      for id in rows.users.keys {
        let keys = rows.users[id]?.keys ?? [:]
        let kept = keys.filter { $0.value.createdAt > cutoff }
        count += keys.count - kept.count
        rows.users[id]?.keys = kept
      }
      return count
    }
  }

  func expireLogs(olderThan age: TimeInterval) throws -> Int {
    let cutoff = try cutoff(age)
    return try write { rows, _ in
      var cleared: Set<JobID> = []
      for index in rows.jobs.indices
      where rows.jobs[index].isLogKept && rows.jobs[index].finishedAt ?? .max <= cutoff {
        rows.jobs[index].events = []
        rows.jobs[index].isLogKept = false
        cleared.insert(rows.jobs[index].id)
      }
      let made = Set(rows.models.map(\.record.job))
      rows.removeJobs {
        cleared.contains($0.id) && $0.requesters.isEmpty && !made.contains($0.id)
      }
      return cleared.count
    }
  }

  func expireJobs(olderThan age: TimeInterval, beyond count: Int) throws -> Int {
    let cutoff = try cutoff(age)
    return try write { rows, _ in
      let finished = rows.jobs.filter { $0.finishedAt != nil && $0.resultModel == nil }
        .sorted { ($0.finishedAt ?? 0, $0.number) < ($1.finishedAt ?? 0, $1.number) }
      let surplus = finished.prefix(max(0, finished.count - count)).map(\.id)
      let gone = Set(surplus + finished.filter { $0.finishedAt ?? .max <= cutoff }.map(\.id))
      rows.removeJobs { gone.contains($0.id) }
      return gone.count
    }
  }
}
