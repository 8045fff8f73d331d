/// Where a layer's weights may be zero.
public enum WeightSparsity: Sendable, Equatable {
  /// Every weight counts.
  case dense
  /// `keep` of every `of` neighbouring columns of a row, 1 ≤ keep ≤ of ≤ 64.
  case fine(keep: Int, of: Int)
  /// Anywhere, with the given share kept.
  case unstructured(density: Double)
  /// `keep` of every `of` inside kept tiles of `block` x `block`, equally many tiles in every block row:
  /// the hybrid pattern of CRISP. `rows` neighbouring rows, at most a block, share the places they keep.
  case hybrid(keep: Int, of: Int, block: Int, tiles: Double, rows: Int = 1)

  /// Share of the weights that are kept.
  public var density: Double {
    switch self {
    case .dense: 1
    case .fine(let keep, let of): Double(keep) / Double(of)
    case .unstructured(let density): density
    case .hybrid(let keep, let of, _, let tiles, _): Double(keep) / Double(of) * tiles
    }
  }

  /// - Throws: ``AcceleratorError/invalidSparsity(_:)`` where a number is outside its range.
  public func validated() throws(AcceleratorError) -> WeightSparsity {
    switch self {
    case .dense: break
    case .fine(let keep, let of):
      try Self.check(keep: keep, of: of)
    case .unstructured(let density):
      try Self.check(density, "the weight density")
    case .hybrid(let keep, let of, let block, let tiles, let rows):
      try Self.check(keep: keep, of: of)
      guard (1...1024).contains(block) else {
        throw .invalidSparsity("the block size must be 1 to 1024, not \(block)")
      }
      guard (1...block).contains(rows) else {
        throw .invalidSparsity("rows that share places must be 1 to \(block), not \(rows)")
      }
      try Self.check(tiles, "the share of kept tiles")
    }
    return self
  }

  private static func check(keep: Int, of: Int) throws(AcceleratorError) {
    guard (1...64).contains(of), (1...of).contains(keep) else {
      throw .invalidSparsity("\(keep):\(of) must be 1 ≤ keep ≤ of ≤ 64")
    }
  }

  private static func check(_ share: Double, _ name: String) throws(AcceleratorError) {
    guard share > 0, share <= 1 else {
      throw .invalidSparsity("\(name) must be a number in 0 < density ≤ 1")
    }
  }
}
