import NeuralGraph

extension PackedLayer {
  /// Packs a masked matrix. `values` and `mask` are in the order of `matrix`, row-major.
  ///
  /// A tile is kept when its mask keeps anything. The mask must obey the pattern: every block row
  /// keeps the same number of tiles, every group at most `pattern.keep` weights, and the rows of a
  /// row group the same positions. A group that keeps fewer is filled up with zeros at its lowest
  /// free positions.
  public init(
    name: String, matrix: WeightMatrix, values: [Float], mask: [Bool], pattern: HybridPattern
  ) throws(FormatError) {
    try PackedLayer.check(matrix, pattern, name)
    for found in [values.count, mask.count] where found != matrix.count {
      throw .elementCount(layer: name, expected: matrix.count, found: found)
    }
    let source = MaskedMatrix(
      name: name, matrix: matrix, pattern: pattern, values: values, mask: mask)
    let rowsOfTiles = source.keptTiles()
    let kept = rowsOfTiles[0].count
    for (blockRow, tiles) in rowsOfTiles.enumerated() where tiles.count != kept || kept == 0 {
      throw .unequalTiles(layer: name, blockRow: blockRow, expected: kept, found: tiles.count)
    }
    var packed: [Float] = []
    var positions: [UInt8] = []
    packed.reserveCapacity(rowsOfTiles.count * kept * pattern.slotsPerTile)
    positions.reserveCapacity(rowsOfTiles.count * kept * pattern.positionsPerTile)
    for (blockRow, tiles) in rowsOfTiles.enumerated() {
      for tile in tiles {
        try source.appendTile(blockRow, tile, to: &packed, &positions)
      }
    }
    try self.init(
      name: name, matrix: matrix, pattern: pattern, keptTiles: kept, values: packed,
      blockColumns: rowsOfTiles.flatMap { $0.map { UInt16($0) } }, positions: positions)
  }
}

/// A matrix and its mask while they are being packed.
private struct MaskedMatrix {
  let name: String
  let matrix: WeightMatrix
  let pattern: HybridPattern
  let values: [Float]
  let mask: [Bool]

  /// The columns of the tiles that keep anything, per block row.
  func keptTiles() -> [[Int]] {
    let block = pattern.block
    let columns = PackedLayer.blocks(matrix.columns, pattern)
    return stride(from: 0, to: matrix.rows, by: block).map { firstRow in
      var isKept = [Bool](repeating: false, count: columns)
      for row in firstRow..<min(firstRow + block, matrix.rows) {
        for column in 0..<matrix.columns where mask[row * matrix.columns + column] {
          isKept[column / block] = true
        }
      }
      return isKept.indices.filter { isKept[$0] }
    }
  }

  func appendTile(
    _ blockRow: Int, _ blockColumn: Int, to packed: inout [Float], _ positions: inout [UInt8]
  ) throws(FormatError) {
    let firstColumn = blockColumn * pattern.block
    for group in 0..<pattern.block / pattern.rows {
      let firstRow = blockRow * pattern.block + group * pattern.rows
      let start = positions.count
      for column in stride(from: firstColumn, to: firstColumn + pattern.block, by: pattern.of) {
        try appendPositions(row: firstRow, column: column, to: &positions)
      }
      for row in firstRow..<firstRow + pattern.rows {
        for slot in 0..<pattern.slotsPerRow {
          let inGroup = Int(positions[start + slot])
          let column = firstColumn + slot / pattern.keep * pattern.of + inGroup
          packed.append(isKept(row, column) ? values[row * matrix.columns + column] : 0)
        }
      }
    }
  }

  private func isKept(_ row: Int, _ column: Int) -> Bool {
    row < matrix.rows && column < matrix.columns && mask[row * matrix.columns + column]
  }

  /// The ascending positions that the row group starting at `row` keeps in the group of columns
  /// starting at `column`, filled up to `pattern.keep`. Sets are bits: this runs for every group.
  private func appendPositions(
    row: Int, column: Int, to positions: inout [UInt8]
  ) throws(FormatError) {
    var set = keptBits(row, column)
    guard set.nonzeroBitCount <= pattern.keep else {
      throw .groupOverfull(layer: name, row: row, column: column)
    }
    for other in row + 1..<row + pattern.rows where other < matrix.rows {
      guard keptBits(other, column) == set else {
        throw .rowGroupDiffers(layer: name, row: other, column: column)
      }
    }
    while set.nonzeroBitCount < pattern.keep { set |= set + 1 }
    for position in 0..<UInt8(pattern.of) where set & 1 << position != 0 {
      positions.append(position)
    }
  }

  private func keptBits(_ row: Int, _ column: Int) -> UInt8 {
    var bits: UInt8 = 0
    for position in 0..<pattern.of where isKept(row, column + position) { bits |= 1 << position }
    return bits
  }
}
