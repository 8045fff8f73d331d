/// Decides which tiles go (crisp.md, step 3c): over all layers, whole rank columns with the lowest
/// saliency per cost are dropped until few enough weights are left.
///
/// A rank column is the k-th weakest tile of every block row of a layer, so every block row keeps
/// the same number of tiles, and every layer keeps at least one rank column.
package struct RankColumnAllocation {
  /// The k-th weakest tiles of one layer, one per block row.
  package struct RankColumn {
    package let tiles: [Int]
    /// Σ of the tiles' scores.
    package let score: Double
    /// Weights that would be freed.
    package let cost: Int

    /// Saliency lost per weight freed: without the division, raw sums spare large layers (B6).
    package var price: Double { cost > 0 ? score / Double(cost) : 0 }
  }

  /// The rank columns of one layer that may go, weakest first. `saliency` is in matrix order; a
  /// tile's score sums it over the weights the fine mask keeps.
  package static func candidates(_ mask: LayerMask, saliency: [Float]) -> [RankColumn] {
    let grid = mask.grid
    var scores = [Double](repeating: 0, count: grid.tileCount)
    var counts = [Int](repeating: 0, count: grid.tileCount)
    grid.forEachTileRow { tile, indices in
      guard mask.tiles[tile] else { return }
      for i in indices where mask.fine[i] {
        scores[tile] += Double(saliency[i])
        counts[tile] += 1
      }
    }
    let ranked = (0..<grid.blockRows).map { row in
      (row * grid.blockColumns..<(row + 1) * grid.blockColumns)
        .filter { mask.tiles[$0] }
        .sorted { (scores[$0], $0) < (scores[$1], $1) }
    }
    let left = ranked.map(\.count).min() ?? 0
    return (0..<max(0, left - 1)).map { rank in
      let tiles = ranked.map { $0[rank] }
      return RankColumn(
        tiles: tiles, score: tiles.reduce(0) { $0 + scores[$1] },
        cost: tiles.reduce(0) { $0 + counts[$1] })
    }
  }

  /// Drops rank columns of the layers until at most `allowed` weights are kept in all, or nothing
  /// more may go. Returns how many are kept then.
  package static func prune(_ masks: inout [LayerMask], saliency: [[Float]], allowed: Int) -> Int {
    var kept = masks.reduce(0) { $0 + $1.keptCount }
    guard kept > allowed else { return kept }
    // Stacks with the weakest on top; layers without blocks have none.
    var stacks = zip(masks, saliency).map { mask, scores in
      mask.layer.treatment == .hybrid
        ? Array(candidates(mask, saliency: scores).reversed()) : []
    }
    while kept > allowed {
      var cheapest: Int?
      for (index, stack) in stacks.enumerated() {
        guard let top = stack.last else { continue }
        if let best = cheapest.flatMap({ stacks[$0].last }), best.price <= top.price { continue }
        cheapest = index
      }
      guard let index = cheapest, let column = stacks[index].popLast() else { break }
      for tile in column.tiles { masks[index].drop(tile: tile) }
      kept -= column.cost
    }
    return kept
  }

  /// The lowest and the highest sparsity that the pattern allows: N:M alone, and one tile in each
  /// block row. Every full tile is the same size, so the highest is exact unless the ragged tile of
  /// a row would be the one that stays.
  package static func reach(_ masks: [LayerMask]) -> (lowest: Double, highest: Double) {
    var total = 0
    var fine = 0
    var least = 0
    for mask in masks {
      let matrix = mask.layer.matrix
      let of = mask.pattern.of
      func kept(_ columns: Int) -> Int {
        columns / of * mask.pattern.keep + min(columns % of, mask.pattern.keep)
      }
      total += matrix.count
      fine += matrix.rows * kept(matrix.columns)
      least +=
        matrix.rows
        * (mask.layer.treatment == .hybrid
          ? kept(min(mask.pattern.block, matrix.columns)) : kept(matrix.columns))
    }
    guard total > 0 else { return (0, 0) }
    return (1 - Double(fine) / Double(total), 1 - Double(least) / Double(total))
  }
}
