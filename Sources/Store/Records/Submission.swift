import ClassWeights
import Digests
import Foundation

/// How many jobs may wait, and how much a user may keep.
public struct QueueLimits: Equatable, Sendable {
  /// Queued jobs of all users.
  public var total: Int
  /// Queued jobs owned by one user.
  public var perUser: Int
  /// Bytes beyond which a user gets no new job, see ``UserDirectory/storedBytes(of:)``.
  public var storedBytes: Int64

  /// Limits on queued jobs; running jobs do not count.
  public init(total: Int, perUser: Int, storedBytes: Int64 = .max) {
    self.total = total
    self.perUser = perUser
    self.storedBytes = storedBytes
  }
}

extension QueueLimits {
  /// Whether one more job may wait. Each count is asked for only where those before it leave room.
  /// - Throws: ``StoreError/queueFull(scope:limit:)``, ``StoreError/quotaExceeded(stored:limit:)``.
  package func admit(
    waiting: Int64, waitingOfUser: () throws -> Int64, stored: () throws -> Int64
  ) throws {
    guard waiting < total else { throw StoreError.queueFull(scope: .total, limit: total) }
    guard try waitingOfUser() < perUser else {
      throw StoreError.queueFull(scope: .user, limit: perUser)
    }
    let stored = try stored()
    guard stored < storedBytes else {
      throw StoreError.quotaExceeded(stored: stored, limit: storedBytes)
    }
  }
}

/// Makes a repeated request return the first one's job.
public struct IdempotencyKey: Equatable, Sendable {
  /// The key, each user's own. 1 to 256 bytes.
  public var text: String
  /// Digest over everything the request says: a key that comes with another request is refused.
  public var request: SHA256Digest

  /// A key and what it stands for.
  public init(_ text: String, request: SHA256Digest) {
    self.text = text
    self.request = request
  }
}

/// A user's request for a model.
public struct Submission: Equatable, Sendable {
  /// Who asks.
  public var user: UserID
  /// Digest over everything that determines the model: base model, class profile, recipe, seed,
  /// data. Requests of equal fingerprint share one job and one model.
  public var fingerprint: SHA256Digest
  /// Registered base model to prune.
  public var baseModel: String
  /// The digest of the base model that the fingerprint was made with: a request is not queued once another
  /// has been put in its place. Nil takes whichever there is.
  public var baseDigest: SHA256Digest?
  /// Classes the user cares about.
  public var classes: [ClassWeight]
  /// The profile as JSON; opaque here.
  public var profile: Data
  /// The recipe as JSON; opaque here.
  public var recipe: Data
  /// Seed of every random choice. Kept as SQLite's signed integer of the same bits.
  public var seed: UInt64
  /// The user's own notes as JSON; opaque here, and forgotten with the user.
  public var metadata: Data
  /// Higher is taken first.
  public var priority: Int
  /// What the job is expected to cost, as JSON; opaque here.
  public var estimate: Data?
  /// By how many turns the job puts its owner's next one back: 1 to 1,000,000,000; brought into
  /// that range.
  public var cost: Int
  /// Bytes of memory that the job may be expected to take; `nil` when nobody knows.
  public var memoryEstimate: Int64?
  /// What the worker's machine must have, see ``WorkerLabel``; decides nothing about the model. Of
  /// requests that share a job those of the first count.
  public var requires: [String]
  /// Makes a repeated request return the first one's job.
  public var idempotencyKey: IdempotencyKey?
  /// How many jobs may wait.
  public var limits: QueueLimits

  /// A request; the store validates it when submitted.
  public init(
    user: UserID, fingerprint: SHA256Digest, baseModel: String,
    baseDigest: SHA256Digest? = nil, classes: [ClassWeight],
    profile: Data, recipe: Data, seed: UInt64, metadata: Data = Data("{}".utf8),
    priority: Int = 0, estimate: Data? = nil, cost: Int = 1, memoryEstimate: Int64? = nil,
    requires: [String] = [], idempotencyKey: IdempotencyKey? = nil, limits: QueueLimits
  ) {
    self.user = user
    self.fingerprint = fingerprint
    self.baseModel = baseModel
    self.baseDigest = baseDigest
    self.classes = classes
    self.profile = profile
    self.recipe = recipe
    self.seed = seed
    self.metadata = metadata
    self.priority = priority
    self.estimate = estimate
    self.cost = cost
    self.memoryEstimate = memoryEstimate
    self.requires = requires
    self.idempotencyKey = idempotencyKey
    self.limits = limits
  }
}

/// How a request was answered.
public enum SubmissionOutcome: Equatable, Sendable {
  /// A model with this fingerprint exists; the user has it now. The job is the one that made it.
  case existing(JobRecord, ModelRecord)
  /// The user waits for a job that was there already. A request repeated under its idempotency key
  /// gets its job this way too, whatever has become of it.
  case joined(JobRecord)
  /// A new job is queued.
  case created(JobRecord)

  /// The job behind any answer.
  public var job: JobRecord {
    switch self {
    case .existing(let job, _), .joined(let job), .created(let job): job
    }
  }
}
