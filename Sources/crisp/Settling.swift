import NeuralGraph

/// Why the first epochs of a small data set validate no better than guessing while the loss falls.
///
/// Validation normalises by running means that begin at no image at all. Each update moves them a tenth of
/// the way (PyTorch's momentum of 0.1), so that after 44 updates a hundredth of the beginning is left.
struct Settling {
  /// Updates after which running means say what the images are like.
  static let updates = 44

  private let updatesPerEpoch: Int
  private let hasRunningMeans: Bool

  init(_ graph: Graph, updatesPerEpoch: Int) {
    self.updatesPerEpoch = updatesPerEpoch
    hasRunningMeans = graph.nodes.contains {
      if case .batchNorm = $0.operation { true } else { false }
    }
  }

  /// What to say behind an epoch's accuracy; nothing once it means something.
  func note(afterEpoch epoch: Int) -> String {
    let (done, overflows) = epoch.multipliedReportingOverflow(by: updatesPerEpoch)
    guard hasRunningMeans, !overflows, done < Self.updates else { return "" }
    return
      "  (may be too low until batch normalisation's running means settle, after some \(Self.updates) "
      + "updates; \(done) are done)"
  }
}
