import Digests
import Foundation

/// Where a job stands.
public enum JobStatus: String, CaseIterable, Codable, Sendable {
  /// Waiting for a worker.
  case queued
  /// A worker holds its lease.
  case running
  /// Its model is published.
  case succeeded
  /// It ended with an error.
  case failed
  /// It was stopped on request.
  case cancelled

  /// Whether the status is final.
  public var isFinished: Bool {
    switch self {
    case .queued, .running: false
    case .succeeded, .failed, .cancelled: true
    }
  }
}

/// A pruning job.
public struct JobRecord: Equatable, Sendable {
  /// The job's name.
  public let id: JobID
  /// Who asked first; after that user is forgotten, who asked next; `nil` when nobody is left.
  public let owner: UserID?
  /// Where it stands.
  public let status: JobStatus
  /// Higher is taken first.
  public let priority: Int
  /// Digest of the request.
  public let fingerprint: SHA256Digest
  /// Registered base model to prune.
  public let baseModel: String
  /// The class profile as JSON; in lists its first ``ShortRows/elements`` classes.
  public let profile: Data
  /// Classes of the profile, where it is a list.
  public let classCount: Int
  /// The recipe as JSON.
  public let recipe: Data
  /// Seed of every random choice.
  public let seed: UInt64
  /// The owner's notes as JSON.
  public let metadata: Data
  /// When it was queued first.
  public let createdAt: Date
  /// When its first attempt began.
  public let startedAt: Date?
  /// When it reached a final status.
  public let finishedAt: Date?
  /// How often it was handed to a worker; fences out earlier attempts.
  public let attempt: Int
  /// How many attempts ended with an expired lease.
  public let deaths: Int
  /// The worker that holds the lease; `nil` also for a lease revoked by ``JobQueue/recoverAll()``.
  public let leaseOwner: String?
  /// When the lease runs out.
  public let leaseExpiresAt: Date?
  /// Whether the worker has been asked to stop.
  public let isCancelRequested: Bool
  /// The last progress report as JSON.
  public let progress: Data?
  /// Why it failed, as JSON.
  public let error: Data?
  /// What it was expected to cost when it was queued, as JSON; `nil` for jobs of earlier versions.
  public let estimate: Data?
  /// What the worker's machine must have, sorted, see ``WorkerLabel``.
  public let requires: [String]
  /// The published model; `nil` again once that model is deleted.
  public let resultModel: ModelID?

  /// All fields.
  package init(
    id: JobID, owner: UserID?, status: JobStatus, priority: Int, fingerprint: SHA256Digest,
    baseModel: String, profile: Data, classCount: Int, recipe: Data, seed: UInt64, metadata: Data,
    createdAt: Date, startedAt: Date?, finishedAt: Date?, attempt: Int, deaths: Int,
    leaseOwner: String?, leaseExpiresAt: Date?, isCancelRequested: Bool, progress: Data?,
    error: Data?, estimate: Data?, requires: [String], resultModel: ModelID?
  ) {
    self.id = id
    self.owner = owner
    self.status = status
    self.priority = priority
    self.fingerprint = fingerprint
    self.baseModel = baseModel
    self.profile = profile
    self.classCount = classCount
    self.recipe = recipe
    self.seed = seed
    self.metadata = metadata
    self.createdAt = createdAt
    self.startedAt = startedAt
    self.finishedAt = finishedAt
    self.attempt = attempt
    self.deaths = deaths
    self.leaseOwner = leaseOwner
    self.leaseExpiresAt = leaseExpiresAt
    self.isCancelRequested = isCancelRequested
    self.progress = progress
    self.error = error
    self.estimate = estimate
    self.requires = requires
    self.resultModel = resultModel
  }
}

/// Which jobs to list. Empty lists all.
public struct JobFilter: Equatable, Sendable {
  /// Only jobs this user waits for.
  public var user: UserID?
  /// Only jobs of this status.
  public var status: JobStatus?

  /// A filter on user, status, both or neither.
  public init(user: UserID? = nil, status: JobStatus? = nil) {
    self.user = user
    self.status = status
  }
}
