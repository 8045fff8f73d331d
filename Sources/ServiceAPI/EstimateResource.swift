/// What a job is expected to cost.
public struct EstimateFigures: Codable, Sendable, Hashable {
  /// Updates of the weights.
  public var steps: Int
  /// Seconds of running, without waiting.
  public var seconds: Double
  /// Bytes of memory at the peak.
  public var memoryBytes: Int
  /// Bytes of checkpoints and the packed model on disk, at the peak.
  public var diskBytes: Int
  /// Whether the seconds come from a speed that was measured on this server, not from an assumed one.
  public var isMeasured: Bool

  enum CodingKeys: String, CodingKey {
    case steps, seconds
    case memoryBytes = "memory_bytes"
    case diskBytes = "disk_bytes"
    case isMeasured = "measured"
  }

  /// Figures as given.
  public init(steps: Int, seconds: Double, memoryBytes: Int, diskBytes: Int, isMeasured: Bool) {
    self.steps = steps
    self.seconds = seconds
    self.memoryBytes = memoryBytes
    self.diskBytes = diskBytes
    self.isMeasured = isMeasured
  }
}

/// The answer to a request for a model that is only to be estimated.
public struct EstimateResource: Codable, Sendable {
  /// What one job may be expected to cost on this server.
  public struct Limits: Codable, Sendable, Hashable {
    /// Updates.
    public var steps: Int
    /// Seconds.
    public var seconds: Double
    /// Bytes of memory.
    public var memoryBytes: Int
    /// Bytes on disk.
    public var diskBytes: Int

    enum CodingKeys: String, CodingKey {
      case steps, seconds
      case memoryBytes = "memory_bytes"
      case diskBytes = "disk_bytes"
    }

    /// Limits as given.
    public init(steps: Int, seconds: Double, memoryBytes: Int, diskBytes: Int) {
      self.steps = steps
      self.seconds = seconds
      self.memoryBytes = memoryBytes
      self.diskBytes = diskBytes
    }
  }

  /// One limit that the estimate exceeds.
  public struct Excess: Codable, Sendable, Hashable {
    /// `steps`, `seconds`, `memory_bytes` or `disk_bytes`.
    public var limit: String
    /// The estimate.
    public var estimated: Double
    /// The limit's value.
    public var allowed: Double
    /// The request's fields that drive it, the most important first.
    public var fields: [String]

    /// An excess as given.
    public init(limit: String, estimated: Double, allowed: Double, fields: [String]) {
      self.limit = limit
      self.estimated = estimated
      self.allowed = allowed
      self.fields = fields
    }
  }

  /// Always `pruning.estimate`.
  public var object = "pruning.estimate"
  /// The base model that the request means.
  public var baseModel: String?
  /// What the job would cost.
  public var estimate: EstimateFigures
  /// What one job may cost here.
  public var limits: Limits
  /// The limits that the job exceeds; empty when it would be accepted.
  public var exceeds: [Excess]

  enum CodingKeys: String, CodingKey {
    case object
    case baseModel = "base_model"
    case estimate, limits, exceeds
  }

  /// An estimate as given.
  public init(
    baseModel: String?, estimate: EstimateFigures, limits: Limits, exceeds: [Excess]
  ) {
    self.baseModel = baseModel
    self.estimate = estimate
    self.limits = limits
    self.exceeds = exceeds
  }
}
