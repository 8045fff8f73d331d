import NeuralGraph

/// A weight matrix cut into B x B tiles. Tiles at the right and lower edge are smaller when B does
/// not divide the sides.
///
/// Tiles are numbered row by row: tile (block row r, block column c) is `r * blockColumns + c`
/// everywhere. The reference code produced scores in one order and read them in the other (B1).
package struct TileGrid: Hashable, Sendable {
  package let matrix: WeightMatrix
  package let block: Int
  package let blockRows: Int
  package let blockColumns: Int

  package init(_ matrix: WeightMatrix, block: Int) {
    self.matrix = matrix
    self.block = block
    blockRows = (matrix.rows + block - 1) / block
    blockColumns = (matrix.columns + block - 1) / block
  }

  package var tileCount: Int { blockRows * blockColumns }

  package func rows(ofBlockRow row: Int) -> Range<Int> {
    row * block..<min((row + 1) * block, matrix.rows)
  }

  package func columns(ofBlockColumn column: Int) -> Range<Int> {
    column * block..<min((column + 1) * block, matrix.columns)
  }

  /// Calls `body` with each tile and the indices (into the row-major matrix) of each of its rows.
  package func forEachTileRow(_ body: (_ tile: Int, _ indices: Range<Int>) -> Void) {
    for row in 0..<matrix.rows {
      let base = row * matrix.columns
      let firstTile = row / block * blockColumns
      for column in 0..<blockColumns {
        let columns = columns(ofBlockColumn: column)
        body(firstTile + column, base + columns.lowerBound..<base + columns.upperBound)
      }
    }
  }
}
