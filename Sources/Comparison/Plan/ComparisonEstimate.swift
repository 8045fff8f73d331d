import ModelFormats
import Pruning

/// What a comparison is expected to cost, before it starts: upper estimates, as those of single runs.
public struct ComparisonEstimate: Sendable, Hashable, Encodable {
  /// Runs of the plan.
  public let runs: Int
  /// Runs at once, one thread each.
  public let workers: Int
  /// Updates of the weights in all runs.
  public let steps: Int
  /// Seconds of the whole plan with that many runs at once.
  public let seconds: Double
  /// Bytes of memory at the peak, were the runs that take most all under way at once.
  public let memoryBytes: Int
  /// Whether the seconds come from a measured speed.
  public let isMeasured: Bool

  enum CodingKeys: String, CodingKey {
    case runs, workers, steps, seconds
    case memoryBytes = "memory_bytes"
    case isMeasured = "measured"
  }
}

extension Plan {
  /// Estimates all runs, those of earlier starts too.
  /// - Parameters:
  ///   - speed: Of one thread; a low one is assumed without.
  ///   - workers: Runs at once, at least 1.
  /// - Throws: what refuses a run: `PruningError`, `DatasetError`, `GraphError`.
  public func estimate(speed: RunSpeed? = nil, workers: Int) throws -> ComparisonEstimate {
    let estimates = try runs.map { try material.personalization($0).estimate(speed: speed) }
    let atOnce = max(1, min(workers, runs.count))
    let memory = estimates.map { Double($0.memoryBytes) }.sorted(by: >).prefix(atOnce)
    let longest = estimates.map(\.seconds).max() ?? 0
    let all = estimates.reduce(0) { $0 + $1.seconds }
    return ComparisonEstimate(
      runs: runs.count, workers: atOnce,
      steps: Int(clamping: estimates.reduce(Int128(0)) { $0 + Int128($1.steps) }),
      seconds: max(longest, all / Double(atOnce)),
      memoryBytes: Int(min(memory.reduce(0, +), 0x1p62)),
      isMeasured: estimates.allSatisfy(\.isMeasured))
  }
}
