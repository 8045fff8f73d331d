import ModelFormats
import NeuralGraph

/// The masks of one layer: which tiles are left, and which weights N:M keeps inside them.
package struct LayerMask: Sendable {
  package let layer: PrunableLayer
  package let grid: TileGrid
  package let pattern: HybridPattern
  /// Per tile; a dropped tile never returns.
  package private(set) var tiles: [Bool]
  /// Per weight in matrix order; chosen anew every iteration from all weights.
  package private(set) var fine: [Bool]

  /// Nothing pruned.
  package init(_ layer: PrunableLayer, pattern: HybridPattern) {
    self.layer = layer
    self.pattern = pattern
    grid = TileGrid(layer.matrix, block: pattern.block)
    tiles = [Bool](repeating: true, count: grid.tileCount)
    fine = [Bool](repeating: true, count: layer.matrix.count)
  }

  /// Masks from a checkpoint; nil when they do not fit the layer.
  package init?(_ layer: PrunableLayer, pattern: HybridPattern, tiles: [Bool], fine: [Bool]) {
    self.init(layer, pattern: pattern)
    guard tiles.count == self.tiles.count, fine.count == self.fine.count else { return nil }
    self.tiles = tiles
    self.fine = fine
  }

  /// Chooses the N:M mask from saliency in matrix order.
  package mutating func chooseFine(by saliency: [Float]) {
    fine = fineMask(saliency, matrix: layer.matrix, pattern: pattern)
  }

  /// Keeps every weight of the tiles that are left.
  package mutating func keepAllFine() { fine = [Bool](repeating: true, count: fine.count) }

  /// Keeps exactly the weights given, in matrix order, whatever their tiles.
  package mutating func chooseFine(_ kept: [Bool]) {
    if kept.count == fine.count { fine = kept }
  }

  package mutating func drop(tile: Int) { tiles[tile] = false }

  /// Tiles left in each block row; the invariant is that all agree.
  package var tilesPerBlockRow: [Int] {
    (0..<grid.blockRows).map { row in
      tiles[row * grid.blockColumns..<(row + 1) * grid.blockColumns].count { $0 }
    }
  }

  /// What the network computes with, in matrix order.
  package var weights: [Bool] {
    var mask = fine
    grid.forEachTileRow { tile, indices in
      if !tiles[tile] { for i in indices { mask[i] = false } }
    }
    return mask
  }

  /// Whether each weight lies in a tile that is left, in matrix order.
  package var survivors: [Bool] {
    var mask = fine
    grid.forEachTileRow { tile, indices in for i in indices { mask[i] = tiles[tile] } }
    return mask
  }

  /// Tiles that are left.
  package var keptTileCount: Int { tiles.count { $0 } }

  /// Weights that both masks keep.
  package var keptCount: Int { weights.count { $0 } }

  /// Σ of the scores, in matrix order, of the weights that both masks keep.
  func keptSum(of scores: [Float]) -> Double {
    zip(weights, scores).reduce(0) { $1.0 ? $0 + Double($1.1) : $0 }
  }
}
