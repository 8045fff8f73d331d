/// What a server's database holds and what is done with it, for operators. Times are Unix seconds.
public struct StatusResource: Codable, Sendable {
  /// The queue.
  public struct Queue: Codable, Sendable {
    /// Whether workers may take no job.
    public var paused: Bool
    /// Since when.
    public var pausedSince: Int?
    /// Jobs that wait.
    public var queued: Int
    /// Jobs that run.
    public var running: Int
    /// The oldest job that waits.
    public var oldestJob: String?
    /// Seconds since that was asked for.
    public var oldestAge: Int

    enum CodingKeys: String, CodingKey {
      case paused
      case pausedSince = "paused_since"
      case queued, running
      case oldestJob = "oldest_job"
      case oldestAge = "oldest_age"
    }

    /// A queue as given.
    public init(
      paused: Bool, pausedSince: Int?, queued: Int, running: Int, oldestJob: String?,
      oldestAge: Int
    ) {
      self.paused = paused
      self.pausedSince = pausedSince
      self.queued = queued
      self.running = running
      self.oldestJob = oldestJob
      self.oldestAge = oldestAge
    }
  }

  /// A worker that holds a job, and what it does.
  public struct Worker: Codable, Sendable {
    /// What the worker calls itself; nil when it has died.
    public var name: String?
    /// The job.
    public var job: String
    /// How many times a worker has taken that.
    public var attempt: Int
    /// When it began.
    public var startedAt: Int?
    /// What is being done.
    public var stage: String?
    /// Share of the job that is done, 0…1.
    public var fraction: Double?
    /// When it counts as dead unless it is heard of.
    public var leaseExpiresAt: Int?

    enum CodingKeys: String, CodingKey {
      case name, job, attempt
      case startedAt = "started_at"
      case stage, fraction
      case leaseExpiresAt = "lease_expires_at"
    }

    /// A worker as given.
    public init(
      name: String?, job: String, attempt: Int, startedAt: Int?, stage: String?,
      fraction: Double?, leaseExpiresAt: Int?
    ) {
      self.name = name
      self.job = job
      self.attempt = attempt
      self.startedAt = startedAt
      self.stage = stage
      self.fraction = fraction
      self.leaseExpiresAt = leaseExpiresAt
    }
  }

  /// What takes how many bytes.
  public struct Bytes: Codable, Sendable {
    /// Tailored models, in all formats.
    public var models: Int64
    /// Base models.
    public var baseModels: Int64
    /// Checkpoints of jobs that wait or run.
    public var checkpoints: Int64
    /// Everything that is stored, with what is about to go.
    public var blobs: Int64
    /// The database on disk.
    public var database: Int64
    /// SQLite's log beside it.
    public var log: Int64?
    /// Pages of the database's file that hold nothing and will be used again.
    public var free: Int64?

    enum CodingKeys: String, CodingKey {
      case models
      case baseModels = "base_models"
      case checkpoints, blobs, database, log, free
    }

    /// Sizes as given.
    public init(
      models: Int64, baseModels: Int64, checkpoints: Int64, blobs: Int64, database: Int64,
      log: Int64?, free: Int64?
    ) {
      self.models = models
      self.baseModels = baseModels
      self.checkpoints = checkpoints
      self.blobs = blobs
      self.database = database
      self.log = log
      self.free = free
    }
  }

  /// How much a user, or the models of a base model, take.
  public struct Use: Codable, Sendable {
    /// The user's id or the base model's name.
    public var name: String
    /// Models.
    public var models: Int
    /// Bytes of their files.
    public var bytes: Int64

    /// A use as given.
    public init(name: String, models: Int, bytes: Int64) {
      self.name = name
      self.models = models
      self.bytes = bytes
    }
  }

  /// Always `status`.
  public var object = "status"
  /// The program's version.
  public var version: String
  /// The version of the database's schema.
  public var schema: Int
  /// Jobs that wait and run.
  public var queue: Queue
  /// Workers that hold a job, the newest job's first; 100 at most.
  public var workers: [Worker]
  /// Jobs by status.
  public var jobs: [String: Int]
  /// Users.
  public var users: Int
  /// Tailored models.
  public var models: Int
  /// What takes how many bytes.
  public var bytes: Bytes
  /// Whose the bytes of models are, where that was asked for; most first.
  public var use: [Use]?

  /// A status as given.
  public init(
    version: String, schema: Int, queue: Queue, workers: [Worker], jobs: [String: Int],
    users: Int, models: Int, bytes: Bytes, use: [Use]?
  ) {
    self.version = version
    self.schema = schema
    self.queue = queue
    self.workers = workers
    self.jobs = jobs
    self.users = users
    self.models = models
    self.bytes = bytes
    self.use = use
  }
}
