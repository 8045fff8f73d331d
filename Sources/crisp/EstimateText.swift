import Comparison
import Pruning

extension RunEstimate {
  /// The estimate in lines for a person.
  var text: String {
    """
    about \(Self.time(seconds)) (\(isMeasured ? "measured speed" : "assumed speed")), \(steps) updates
    memory at the peak: about \(Self.megabytes(memoryBytes)) MB
    disk at the peak: about \(Self.megabytes(diskBytes)) MB of checkpoints and the packed model
    """
  }

  fileprivate static func megabytes(_ bytes: Int) -> Int { bytes / 1_000_000 }

  fileprivate static func time(_ seconds: Double) -> String {
    switch seconds {
    case ..<120: "\(Int(seconds.rounded(.up))) s"
    case ..<7200: "\(Int((seconds / 60).rounded(.up))) minutes"
    case ..<172_800: "\(Int((seconds / 3600).rounded(.up))) hours"
    default: "\(Int((seconds / 86_400).rounded(.up))) days"
    }
  }
}

extension ComparisonEstimate {
  /// The estimate in lines for a person.
  var text: String {
    """
    \(runs) runs, \(workers) at once, one thread each
    about \(RunEstimate.time(seconds)) (\(isMeasured ? "measured speed" : "assumed speed")), \(steps) updates
    memory at the peak: about \(RunEstimate.megabytes(memoryBytes)) MB
    """
  }
}
