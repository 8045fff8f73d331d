import NeuralGraph

extension HybridPattern {
  /// A mask of this pattern with random tiles and random positions, in matrix order, for benchmarks
  /// and tests. Every block row keeps `keptTiles` tiles, held to 1…all. Public because the benchmarks
  /// are a package of their own.
  public func randomMask(
    for matrix: WeightMatrix, keptTiles: Int, using generator: inout some RandomNumberGenerator
  ) -> [Bool] {
    var mask = [Bool](repeating: false, count: matrix.count)
    let columns = PackedLayer.blocks(matrix.columns, self)
    let kept = max(1, min(keptTiles, columns))
    for firstRow in stride(from: 0, to: matrix.rows, by: block) {
      for tile in (0..<columns).shuffled(using: &generator).prefix(kept) {
        for row in stride(from: firstRow, to: min(firstRow + block, matrix.rows), by: rows) {
          let end = min((tile + 1) * block, matrix.columns)
          for column in stride(from: tile * block, to: end, by: of) {
            let inGroup = (0..<min(of, matrix.columns - column)).shuffled(using: &generator)
            for position in inGroup.prefix(keep) {
              for member in row..<min(row + rows, matrix.rows) {
                mask[member * matrix.columns + column + position] = true
              }
            }
          }
        }
      }
    }
    return mask
  }
}
