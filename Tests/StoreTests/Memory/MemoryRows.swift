import ClassWeights
import Digests
import Foundation
import Store

/// Everything that a ``MemoryStore`` holds. A value, so that a transaction is a copy that is kept or not.
struct MemoryRows {
  struct Blob {
    var bytes: Data
    var touchedAt: Int64
  }

  struct User {
    let createdAt: Int64
    var seenAt: Int64
    var profiles: [(record: ProfileRecord, document: Data, bytes: Int)] = []
    var keys: [String: (request: SHA256Digest, job: JobID, createdAt: Int64)] = [:]
    /// The turn of the next job, by priority.
    var turns: [Int: Int64] = [:]
  }

  struct Requester {
    let addedAt: Int64
    var priority: Int
    let bytes: Int
  }

  struct Job {
    let number: Int64
    let id: JobID
    var owner: UserID?
    var status = JobStatus.queued
    var priority: Int
    var turn: Int64
    let cost: Int
    let asked: Submission
    var metadata: Data
    let createdAt: Int64
    var startedAt: Int64?
    var finishedAt: Int64?
    var attempt = 0
    var deaths = 0
    var worker: String?
    var leaseEnd: Int64?
    var isCancelRequested = false
    var progress: Data?
    var error: Data?
    var resultModel: ModelID?
    var memoryUsed: Int64 = 0
    var isSpared = false
    var isLogKept = true
    var events: [EventRecord] = []
    var checkpoints: [Int: CheckpointRecord] = [:]
    var requesters: [UserID: Requester] = [:]

    /// Who waits, in the order of asking.
    var waiting: [UserID] {
      requesters.sorted { left, right in
        left.value.addedAt != right.value.addedAt
          ? left.value.addedAt < right.value.addedAt
          : left.key.text.utf8.lexicographicallyPrecedes(right.key.text.utf8)
      }.map(\.key)
    }

    /// Whether this job goes before another.
    func goes(before other: Job) -> Bool {
      (-priority, turn, number) < (-other.priority, other.turn, other.number)
    }

    var record: JobRecord {
      JobRecord(
        id: id, owner: owner, status: status, priority: priority, fingerprint: asked.fingerprint,
        baseModel: asked.baseModel, profile: asked.profile, classCount: asked.classes.count,
        recipe: asked.recipe, seed: asked.seed, metadata: metadata,
        createdAt: Timestamp.date(createdAt), startedAt: startedAt.map(Timestamp.date),
        finishedAt: finishedAt.map(Timestamp.date), attempt: attempt, deaths: deaths,
        leaseOwner: worker, leaseExpiresAt: leaseEnd.map(Timestamp.date),
        isCancelRequested: isCancelRequested, progress: progress, error: error,
        estimate: asked.estimate, requires: WorkerLabel.sorted(asked.requires),
        resultModel: resultModel)
    }
  }

  struct Model {
    let number: Int64
    var record: ModelRecord
    var usedAt: Int64
    var users: [UserID: Int64]
  }

  var blobs: [SHA256Digest: Blob] = [:]
  var datasets: [String: Registered<DatasetRecord>] = [:]
  var baseModels: [String: Registered<BaseModelRecord>] = [:]
  var defaultBaseModel: String?
  var speeds: [String: [String: SpeedRecord]] = [:]
  var tokens: [TokenRecord] = []
  var users: [UserID: User] = [:]
  /// By number.
  var jobs: [Job] = []
  var models: [Model] = []
  var lastNumber: Int64 = 0
  var pausedAt: Int64?
  /// The turn each priority's queue is at.
  var turns: [Int: Int64] = [:]

  mutating func nextNumber() -> Int64 {
    lastNumber += 1
    return lastNumber
  }

  func job(_ id: JobID) throws -> Job { jobs[try jobIndex(id)] }

  func jobIndex(_ id: JobID) throws -> Int {
    guard let index = jobs.firstIndex(where: { $0.id == id }) else {
      throw StoreError.notFound(.job, id.rawValue)
    }
    return index
  }

  func modelIndex(_ id: ModelID) throws -> Int {
    guard let index = models.firstIndex(where: { $0.record.id == id }) else {
      throw StoreError.notFound(.model, id.rawValue)
    }
    return index
  }

  func blob(_ digest: SHA256Digest) throws -> BlobRecord {
    guard let blob = blobs[digest] else { throw StoreError.notFound(.blob, digest.hex) }
    return BlobRecord(digest: digest, size: Int64(blob.bytes.count))
  }

  func isUsed(_ digest: SHA256Digest) -> Bool {
    baseModels.values.contains { $0.record.blob == digest }
      || jobs.contains { $0.checkpoints.values.contains { $0.blob.digest == digest } }
      || models.contains { model in
        model.record.blob.digest == digest
          || model.record.files.contains { $0.blob.digest == digest }
      }
  }

  mutating func dropIfUnused(_ digest: SHA256Digest) {
    if !isUsed(digest) { blobs[digest] = nil }
  }

  mutating func ensureUser(_ id: UserID, now: Int64) {
    if users[id] == nil { users[id] = User(createdAt: now, seenAt: now) }
  }

  mutating func removeModel(at index: Int) {
    let record = models.remove(at: index).record
    for job in jobs.indices where jobs[job].resultModel == record.id { jobs[job].resultModel = nil }
    dropIfUnused(record.blob.digest)
    for file in record.files { dropIfUnused(file.blob.digest) }
  }

  mutating func removeJobs(where isGone: (Job) -> Bool) {
    let gone = jobs.filter(isGone)
    jobs.removeAll(where: isGone)
    let ids = Set(gone.map(\.id))
    for (id, user) in users {
      users[id]?.keys = user.keys.filter { !ids.contains($0.value.job) }
    }
  }
}
