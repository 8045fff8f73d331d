/// How many tiles of a block row each layer keeps, so that all have the same density and together
/// the sparsity that is asked for.
struct TileAllocation {
  struct Layer {
    /// Of the whole matrix.
    let weights: Int
    /// Tiles of a block row.
    let tiles: Int
    /// Weights that one tile of every block row keeps, on average over its tiles.
    let keptPerTile: Double
  }

  let layers: [Layer]

  /// Tiles are whole and every layer keeps one, so the density is searched by bisection; what
  /// rounding leaves goes, a tile each, to the layers that lost most by it and then to whoever it
  /// still fits.
  func keptTiles(sparsity: Double) -> [Int] {
    let budget = (1 - sparsity) * Double(layers.reduce(0) { $0 + $1.weights })
    var (low, high) = (0.0, 1.0)
    for _ in 0..<50 {
      let middle = (low + high) / 2
      if total(kept(middle)) <= budget { low = middle } else { high = middle }
    }
    var result = kept(low)
    func loss(_ index: Int) -> Double { low * Double(layers[index].tiles) - Double(result[index]) }
    for index in layers.indices.sorted(by: { loss($0) > loss($1) })
    where result[index] < layers[index].tiles {
      if total(result) + layers[index].keptPerTile <= budget { result[index] += 1 }
    }
    return result
  }

  private func kept(_ density: Double) -> [Int] {
    layers.map { max(1, min($0.tiles, Int((density * Double($0.tiles)).rounded()))) }
  }

  private func total(_ kept: [Int]) -> Double {
    zip(layers, kept).reduce(0) { $0 + $1.0.keptPerTile * Double($1.1) }
  }
}
