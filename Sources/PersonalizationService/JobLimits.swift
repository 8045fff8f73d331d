import Foundation
import Pruning

extension Service.Configuration {
  /// What one job may be expected to cost before it is accepted.
  public struct JobLimits: Sendable {
    /// Updates.
    public var steps = 2_000_000
    /// Seconds of running.
    public var seconds: TimeInterval = 86_400
    /// Bytes of memory; nil is a share of what the machine has free when the server starts: three
    /// quarters, divided by the number of workers.
    public var memoryBytes: Int?
    /// Bytes of checkpoints and the packed model on disk.
    public var diskBytes = 16 << 30

    /// The defaults.
    public init() {}

    func limits(workers: Int) -> RunLimits {
      RunLimits(
        steps: steps, seconds: seconds,
        memoryBytes: memoryBytes ?? AvailableMemory.bytes() / 4 * 3 / max(1, workers),
        diskBytes: diskBytes)
    }
  }
}
