import ClassWeights
import Digests
import Foundation
import Store
import TestSupport

/// A fresh store with a registered data set and base model, and shorthand for common steps.
struct Fixture: Sendable {
  let store: any CompleteStore
  let clock: TestClock
  /// Keeps what the store lives in.
  let lifetime: any Sendable

  init(store: any CompleteStore, clock: TestClock, lifetime: any Sendable) throws {
    self.store = store
    self.clock = clock
    self.lifetime = lifetime
    try store.addDataset(Self.dataset())
    let blob = try store.put(Data("dense weights".utf8))
    try store.addBaseModel(Self.baseModel(blob: blob.digest))
  }

  static func dataset(name: String = "shapes") -> DatasetRecord {
    DatasetRecord(
      name: name, path: "/data/\(name)", format: "idx", digest: digest("data"),
      classes: ["Boot", "Bag", "Coat"], counts: json(#"{"train":60000}"#))
  }

  static func baseModel(name: String = "resnet", blob: SHA256Digest) -> BaseModelRecord {
    BaseModelRecord(
      name: name, architecture: "resnet20", blob: blob, dataset: "shapes",
      labels: ["Boot", "Bag", "Coat"], digest: digest("base"), parameterCount: 270_000)
  }

  static func digest(_ text: String) -> SHA256Digest { SHA256.digest(of: Data(text.utf8)) }

  static func json(_ text: String) -> Data { Data(text.utf8) }

  static let wideLimits = QueueLimits(total: 10_000, perUser: 10_000)

  /// A request that depends on `what` alone; `notes` change what it says, not what it asks for.
  func submission(
    _ user: String, _ what: String, key: String? = nil, notes: String = "", priority: Int = 0,
    cost: Int = 1, memory: Int64? = nil, requires: [String] = [],
    limits: QueueLimits = wideLimits
  ) throws -> Submission {
    Submission(
      user: try UserID(user), fingerprint: Self.digest(what), baseModel: "resnet",
      classes: [ClassWeight(name: what, weight: 1)], profile: Self.json(#"{"of":"\#(what)"}"#),
      recipe: Self.json(#"{"epochs":2}"#), seed: .max, metadata: Self.json(#"{"by":"\#(user)"}"#),
      priority: priority, cost: cost, memoryEstimate: memory, requires: requires,
      idempotencyKey: key.map { IdempotencyKey($0, request: Self.digest(what + notes)) },
      limits: limits)
  }

  @discardableResult
  func submit(
    _ user: String, _ what: String, key: String? = nil, notes: String = "", priority: Int = 0,
    cost: Int = 1, memory: Int64? = nil, requires: [String] = [],
    limits: QueueLimits = wideLimits
  ) throws -> SubmissionOutcome {
    try store.submit(
      submission(
        user, what, key: key, notes: notes, priority: priority, cost: cost, memory: memory,
        requires: requires, limits: limits))
  }

  func claim(
    _ worker: String = "w1", lease: TimeInterval = 30, having labels: [String] = []
  ) throws -> JobRecord? {
    try store.claim(worker: worker, lease: lease, holding: [], having: labels)
  }

  func newModel(_ text: String = "packed", files: [NewModelFile] = []) throws -> NewModel {
    NewModel(
      blob: try store.put(Data(text.utf8)).digest, labels: ["Boot", "Bag"],
      card: Self.json(#"{"accuracy":0.9}"#), files: files)
  }

  /// Submits, claims and publishes; nothing else may be claimable.
  func publishedModel(_ user: String, _ what: String) throws -> ModelRecord {
    try submit(user, what)
    guard let job = try claim() else { throw FixtureError.nothingToClaim }
    return try store.publish(job.id, attempt: job.attempt, model: newModel(what))
  }
}

enum FixtureError: Error {
  case nothingToClaim
  case noSchema(Int)
  case withoutFleet
}
