/// Decides which tiles go (Documentation/method.md, step 3c): over all layers, whole rank columns
/// with the lowest saliency per cost are dropped until the network is small enough.
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
    package let weights: Int

    /// Saliency lost per cost saved: without the division, raw sums spare large layers (B6). The
    /// loss is held against `scale`; `kept` rank columns are left, this one with them.
    package func price(_ layer: ResourceModel.Layer?, scale: Double, kept: Int) -> Double {
      let score = scale > 0 ? score / scale : 0
      guard let layer else { return score }
      let cost = layer.worth(self, kept: kept)
      // What saves nothing is never worth dropping.
      return cost > 0 ? score / cost : .infinity
    }
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
        weights: tiles.reduce(0) { $0 + counts[$1] })
    }
  }

  /// Drops rank columns of the layers until the network costs at most `allowed`, or nothing more
  /// may go. `prices` is what scores are divided by, nil for raw scores; with the scale of a layer
  /// they are first divided by what it has left. Returns what it costs then.
  package static func prune(
    _ masks: inout [LayerMask], saliency: [[Float]], resource: ResourceModel,
    prices: ResourceModel?, scale: ScoreScale = .network, allowed: Double
  ) -> Double {
    var left = resource.total(masks)
    guard left > allowed else { return left }
    // Stacks with the weakest on top; layers without blocks have none.
    var stacks = zip(masks, saliency).map { mask, scores in
      mask.layer.treatment == .hybrid
        ? Array(candidates(mask, saliency: scores).reversed()) : []
    }
    var remaining = zip(masks, saliency).map { mask, scores in
      scale == .network ? 1 : mask.keptSum(of: scores)
    }
    func price(_ index: Int) -> Double? {
      // One rank column stays, which is not on the stack.
      stacks[index].last?.price(
        prices?.layers[index], scale: remaining[index], kept: stacks[index].count + 1)
    }
    var tops = stacks.indices.map(price)
    while left > allowed {
      var cheapest: (index: Int, price: Double)?
      for (index, top) in tops.enumerated() {
        guard let top, top < cheapest?.price ?? .infinity else { continue }
        cheapest = (index, top)
      }
      guard let index = cheapest?.index, let column = stacks[index].popLast() else { break }
      for tile in column.tiles { masks[index].drop(tile: tile) }
      left -= resource.layers[index].saving(column, kept: stacks[index].count + 2)
      if scale == .layer { remaining[index] -= column.score }
      tops[index] = price(index)
    }
    return left
  }

  /// The lowest and the highest sparsity that the pattern allows: N:M alone (or with `allowsFull`,
  /// for tiles that are not thinned out, nothing pruned), and one tile in each block row. Every
  /// full tile is the same size, so the highest is exact unless the ragged tile of a row would be
  /// the one that stays.
  package static func reach(_ masks: [LayerMask], allowsFull: Bool = false) -> (
    lowest: Double, highest: Double
  ) {
    var total = 0
    var most = 0
    var least = 0
    for mask in masks {
      let matrix = mask.layer.matrix
      func kept(_ columns: Int) -> Int {
        allowsFull ? columns : mask.pattern.kept(of: columns)
      }
      total += matrix.count
      most += matrix.rows * kept(matrix.columns)
      least +=
        matrix.rows
        * (mask.layer.treatment == .hybrid
          ? kept(min(mask.pattern.block, matrix.columns)) : kept(matrix.columns))
    }
    guard total > 0 else { return (0, 0) }
    return (1 - Double(most) / Double(total), 1 - Double(least) / Double(total))
  }
}
