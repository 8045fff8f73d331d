/// What one run may be expected to cost at most.
public struct RunLimits: Sendable, Hashable {
  /// Updates.
  public var steps: Int
  /// Seconds of running.
  public var seconds: Double
  /// Bytes of memory.
  public var memoryBytes: Int
  /// Bytes on disk.
  public var diskBytes: Int

  /// Limits as given.
  public init(steps: Int, seconds: Double, memoryBytes: Int, diskBytes: Int) {
    self.steps = steps
    self.seconds = seconds
    self.memoryBytes = memoryBytes
    self.diskBytes = diskBytes
  }

  /// An estimate beyond a limit.
  public struct Excess: Sendable, Hashable {
    /// What is exceeded.
    public let resource: RunEstimate.Resource
    /// The estimate.
    public let estimated: Double
    /// The limit.
    public let allowed: Double
    /// The request's fields that drive it, the most important first.
    public let fields: [String]
  }

  /// What of an estimate is too much; empty when the run may be made.
  public func excesses(of estimate: RunEstimate) -> [Excess] {
    RunEstimate.Resource.allCases.compactMap { resource in
      let (amount, allowed) = (estimate.amount(resource), allowed(resource))
      guard amount > allowed else { return nil }
      return Excess(
        resource: resource, estimated: amount, allowed: allowed,
        fields: estimate.fields(driving: resource))
    }
  }

  /// The limit on one resource.
  public func allowed(_ resource: RunEstimate.Resource) -> Double {
    switch resource {
    case .steps: Double(steps)
    case .seconds: seconds
    case .memory: Double(memoryBytes)
    case .disk: Double(diskBytes)
    }
  }
}
