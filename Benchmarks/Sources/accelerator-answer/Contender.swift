import Accelerators

/// A way to prune a network, on the design that can use it.
struct Contender: Sendable {
  let name: String
  let accelerator: Accelerator
  /// Share of hidden layers' multiply-accumulates that channel pruning leaves.
  var channels = 1.0
  let pattern: @Sendable (Network.Role) -> WeightSparsity

  static let dense = Contender(name: "dense", accelerator: .tensorCore) { _ in .dense }
  static let twoOfFour = Contender(name: "2:4", accelerator: .sparseTensorCore) { role in
    role == .first ? .dense : .fine(keep: 2, of: 4)
  }

  /// 2:4 in tiles of B x B, hidden layers to a sparsity.
  static func crisp(_ sparsity: Double, block: Int, keep: Int = 2) -> Contender {
    Contender(name: "CRISP \(percent(sparsity)), B = \(block)", accelerator: .crisp) { role in
      switch role {
      case .first: .dense
      case .last: .fine(keep: keep, of: 4)
      case .hidden:
        .hybrid(
          keep: keep, of: 4, block: block, tiles: (1 - sparsity) * 4 / Double(keep))
      }
    }
  }

  static func unstructured(_ sparsity: Double) -> Contender {
    Contender(name: "unstructured \(percent(sparsity))", accelerator: .dualSide) { role in
      switch role {
      case .first: .dense
      case .last: .unstructured(density: 0.5)
      case .hidden: .unstructured(density: 1 - sparsity)
      }
    }
  }

  /// What channel pruning leaves where it is as accurate as CRISP at a sparsity.
  static func channels(_ sparsity: Double, share: Double) -> Contender {
    Contender(
      name: "channels, as accurate as \(percent(sparsity))", accelerator: .tensorCore,
      channels: share
    ) { _ in .dense }
  }

  /// N:M alone: every input of a group is fetched.
  static func flexible(_ sparsity: Double) -> Contender {
    let group = min(64, max(2, Int((2 / (1 - sparsity)).rounded())))
    return Contender(name: "2:\(group) alone", accelerator: .flexible) { role in
      switch role {
      case .first: .dense
      case .last: .fine(keep: 2, of: 4)
      case .hidden: .fine(keep: 2, of: group)
      }
    }
  }

  static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
}
