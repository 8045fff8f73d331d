/// Scores that spread the kept tiles over a layer's inputs.
package enum TileSpread {
  /// Each weight's worth as a share of what the fine mask keeps in its block column, in matrix order.
  ///
  /// Left alone, every block row keeps its tiles on the same few input channels, those that are worth
  /// most to all: the layer then reads little of its input, and at 98 % random tiles do better
  /// (Benchmarks/results/accuracy-tuning.md). With shares a block row keeps what matters more to it
  /// than to the others.
  package static func shares(_ mask: LayerMask, worth: [Float]) -> [Float] {
    let columns = mask.grid.blockColumns
    var totals = [Float](repeating: 0, count: columns)
    mask.grid.forEachTileRow { tile, indices in
      for i in indices where mask.fine[i] { totals[tile % columns] += worth[i] }
    }
    var shares = worth
    mask.grid.forEachTileRow { tile, indices in
      let total = totals[tile % columns]
      for i in indices { shares[i] = total > 0 ? worth[i] / total : 0 }
    }
    return shares
  }
}
