import NeuralGraph

/// What wrappers add to PyTorch's names: `module.` (DataParallel), `_orig_mod.` (torch.compile),
/// `model.` and `backbone.` (Lightning and other trainers), `state_dict.` (a checkpoint whose nested
/// tables were written flat).
struct WrapperPrefixes {
  /// The tensors under the names that they have without wrappers.
  let weights: Weights
  /// What was left out, each with its dot, in the order of the names.
  let leftOut: [String]

  /// Parts that no network calls a layer by, wherever they stand.
  private static let wrappers: [Substring] = ["_orig_mod", "module"]

  /// Parts that trainers put before the layers of a network, where others stand beside it.
  private static let containers: [Substring] = [
    "state_dict", "model_state_dict", "model", "net", "network", "backbone", "encoder",
    "base_model",
  ]

  /// No wrapper is in so many others.
  private static let deepest = 8

  init(_ weights: Weights) {
    var names = Dictionary(
      uniqueKeysWithValues: weights.keys.map {
        ($0, $0.split(separator: ".", omittingEmptySubsequences: false))
      })
    var leftOut: [String] = []
    func leaveOut(_ part: Substring) {
      if !leftOut.contains("\(part).") { leftOut.append("\(part).") }
    }
    /// The change, unless two tensors would then have one name.
    func adopt(_ changed: [String: [Substring]], without part: Substring) -> Bool {
      guard changed != names, Set(changed.values).count == names.count else { return false }
      names = changed
      leaveOut(part)
      return true
    }
    for part in Self.wrappers {
      _ = adopt(
        names.mapValues { parts in parts.dropLast().filter { $0 != part } + parts.suffix(1) },
        without: part)
    }
    for _ in 0..<Self.deepest {
      // A layer and what it is there have to remain.
      let all = names.values
      if let first = all.first?.first, all.allSatisfy({ $0.first == first && $0.count > 2 }) {
        guard adopt(names.mapValues { Array($0.dropFirst()) }, without: first) else { break }
        continue
      }
      let found = Self.containers.contains { part in
        adopt(
          names.mapValues { $0.first == part && $0.count > 2 ? Array($0.dropFirst()) : $0 },
          without: part)
      }
      guard found else { break }
    }
    var stripped: Weights = [:]
    for (name, parts) in names { stripped[parts.joined(separator: ".")] = weights[name] }
    self.weights = stripped
    self.leftOut = leftOut
  }
}
