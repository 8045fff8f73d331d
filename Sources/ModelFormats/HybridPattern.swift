/// The hybrid sparsity pattern (Documentation/method.md, "Terms"): of every `of` consecutive
/// columns of a row at most `keep` weights stay, inside the `block` x `block` tiles that stay at
/// all; `rows` adjacent rows share the positions they keep.
///
/// A layer that is not pruned in blocks has the same pattern with all its tiles kept.
public struct HybridPattern: Sendable, Hashable, Codable, CustomStringConvertible {
  /// Weights kept of a group: 1…3.
  public let keep: Int
  /// Columns of a group: 4, the only size that hardware and other runtimes know.
  public let of: Int
  /// Side of a tile: 8, 16, 32 or 64.
  public let block: Int
  /// Adjacent output channels that share positions: 1, 2 or 4. 1 is the paper's pattern.
  public let rows: Int

  /// Throws `invalidPattern` unless every number is one of those above.
  public init(keep: Int, of: Int = 4, block: Int, rows: Int = 1) throws(FormatError) {
    guard of == 4 else {
      throw .invalidPattern(reason: "groups have 4 columns, not \(of)")
    }
    guard (1...3).contains(keep) else {
      throw .invalidPattern(reason: "1, 2 or 3 of 4 weights can be kept, not \(keep)")
    }
    guard [8, 16, 32, 64].contains(block) else {
      throw .invalidPattern(reason: "blocks have a side of 8, 16, 32 or 64, not \(block)")
    }
    guard [1, 2, 4].contains(rows) else {
      throw .invalidPattern(reason: "1, 2 or 4 rows can share positions, not \(rows)")
    }
    self.keep = keep
    self.of = of
    self.block = block
    self.rows = rows
  }

  private init(uncheckedKeep keep: Int, block: Int, rows: Int) {
    self.keep = keep
    of = 4
    self.block = block
    self.rows = rows
  }

  /// What is used where nothing else is asked for: 2:4 in blocks of 16, two rows sharing positions,
  /// which is as accurate as the paper's V = 1 and computes faster
  /// (Benchmarks/results/accuracy-tuning.md).
  public static let standard = HybridPattern(uncheckedKeep: 2, block: 16, rows: 2)

  private enum CodingKeys: String, CodingKey { case keep, of, block, rows }

  /// Decodes and validates.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      keep: try container.decode(Int.self, forKey: .keep),
      of: try container.decode(Int.self, forKey: .of),
      block: try container.decode(Int.self, forKey: .block),
      rows: try container.decode(Int.self, forKey: .rows))
  }

  /// For example `2:4 B16 V1`.
  public var description: String { "\(keep):\(of) B\(block) V\(rows)" }

  /// Groups along one row of a tile.
  var groupsPerRow: Int { block / of }
  /// Values stored for one row of a tile.
  public var slotsPerRow: Int { groupsPerRow * keep }
  /// Weights that a row keeps of so many columns when no tile is dropped: the last group of a row
  /// may be short.
  public func kept(of columns: Int) -> Int { columns / of * keep + min(columns % of, keep) }
  /// Values stored for one tile.
  public var slotsPerTile: Int { block * slotsPerRow }
  /// Positions stored for one tile: one for each slot of each row group.
  var positionsPerTile: Int { block / rows * slotsPerRow }
  /// Bytes of one tile's positions at two bits each. Always whole: block² keep / (16 rows), and
  /// 16 x 4 divides 8².
  public var positionBytesPerTile: Int { positionsPerTile / 4 }
}
