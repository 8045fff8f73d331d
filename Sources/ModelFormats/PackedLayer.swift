import NeuralGraph

/// One layer's weights in the hybrid pattern: the tiles that are kept, the values inside them and
/// the positions of those values. The order of everything is the order in the file (see
/// `PackedModel`).
///
/// The initialisers prove the invariants, so whoever holds a layer may rely on them: the same
/// number of tiles in every block row, tile columns ascending and inside the matrix, positions
/// ascending inside each group, zeros wherever a tile sticks out of the matrix.
public struct PackedLayer: Sendable, Hashable {
  /// Largest matrix of one layer. It bounds what a small hostile file can make a reader allocate.
  static let largestCount = 1 << 28

  /// The name of the node whose matrix this is.
  public let name: String
  /// The sides of the matrix that is stored.
  public let matrix: WeightMatrix
  /// Which weights the matrix may keep.
  public let pattern: HybridPattern
  /// Tiles kept in each block row: 1…`blockColumnCount`.
  public let keptTiles: Int
  /// [block row, kept tile, row in tile, group and slot in group].
  public let values: [Float]
  /// [block row, kept tile]: the tile's column in units of blocks.
  public let blockColumns: [UInt16]
  /// [block row, kept tile, row group, group and slot in group]: the column within the group.
  public let positions: [UInt8]

  /// Block rows of the matrix, the last one possibly ragged.
  public var blockRowCount: Int { PackedLayer.blocks(matrix.rows, pattern) }
  /// Tiles of a full block row.
  public var blockColumnCount: Int { PackedLayer.blocks(matrix.columns, pattern) }

  /// Takes stored parts and validates them.
  public init(
    name: String, matrix: WeightMatrix, pattern: HybridPattern, keptTiles: Int, values: [Float],
    blockColumns: [UInt16], positions: [UInt8]
  ) throws(FormatError) {
    try PackedLayer.check(matrix, pattern, name)
    self.name = name
    self.matrix = matrix
    self.pattern = pattern
    self.keptTiles = keptTiles
    self.values = values
    self.blockColumns = blockColumns
    self.positions = positions
    try validate()
  }

  static func blocks(_ side: Int, _ pattern: HybridPattern) -> Int {
    (side + pattern.block - 1) / pattern.block
  }

  /// Sides are positive and their products stay far from overflow; from here on plain arithmetic
  /// is safe.
  static func check(
    _ matrix: WeightMatrix, _ pattern: HybridPattern, _ name: String
  ) throws(FormatError) {
    guard let count = Tensor.count(of: [matrix.rows, matrix.taps, matrix.inChannels]), count > 0,
      count <= largestCount, blocks(matrix.columns, pattern) <= 1 << 16
    else { throw .layerTooLarge(layer: name) }
  }

  private func validate() throws(FormatError) {
    guard (1...blockColumnCount).contains(keptTiles) else {
      throw .unequalTiles(
        layer: name, blockRow: 0, expected: blockColumnCount, found: keptTiles)
    }
    let tiles = blockRowCount * keptTiles
    for (expected, found) in [
      (tiles, blockColumns.count), (tiles * pattern.slotsPerTile, values.count),
      (tiles * pattern.positionsPerTile, positions.count),
    ] where expected != found {
      throw .elementCount(layer: name, expected: expected, found: found)
    }
    for blockRow in 0..<blockRowCount {
      var last = -1
      for tile in blockRow * keptTiles..<(blockRow + 1) * keptTiles {
        let column = Int(blockColumns[tile])
        guard column < blockColumnCount else {
          throw .blockColumnOutOfRange(layer: name, blockRow: blockRow, found: column)
        }
        guard column > last else {
          throw .blockColumnsNotAscending(layer: name, blockRow: blockRow)
        }
        last = column
        try validatePositions(tile, blockRow: blockRow)
        try validatePadding(tile, blockRow: blockRow, blockColumn: column)
      }
    }
  }

  private func validatePositions(_ tile: Int, blockRow: Int) throws(FormatError) {
    let start = tile * pattern.positionsPerTile
    for i in start..<start + pattern.positionsPerTile {
      let ascends = i % pattern.keep == 0 || positions[i] > positions[i - 1]
      guard ascends, positions[i] < pattern.of else {
        throw .positionsNotAscending(layer: name, blockRow: blockRow)
      }
    }
  }

  private func validatePadding(
    _ tile: Int, blockRow: Int, blockColumn: Int
  ) throws(FormatError) {
    let block = pattern.block
    let inside =
      (blockRow + 1) * block <= matrix.rows && (blockColumn + 1) * block <= matrix.columns
    if inside { return }
    for row in 0..<block {
      for slot in 0..<pattern.slotsPerRow {
        let column = blockColumn * block + columnInTile(tile, row: row, slot: slot)
        let isPadding = blockRow * block + row >= matrix.rows || column >= matrix.columns
        if isPadding, values[valueIndex(tile, row: row, slot: slot)] != 0 {
          throw .paddedNonzero(layer: name, row: blockRow * block + row, column: column)
        }
      }
    }
  }

  /// Index into `values` of a slot of tile number `tile` (counted over all block rows).
  @inline(__always)
  func valueIndex(_ tile: Int, row: Int, slot: Int) -> Int {
    (tile * pattern.block + row) * pattern.slotsPerRow + slot
  }

  /// Column within its tile of a slot.
  @inline(__always)
  public func columnInTile(_ tile: Int, row: Int, slot: Int) -> Int {
    let groups = pattern.block / pattern.rows
    let index = (tile * groups + row / pattern.rows) * pattern.slotsPerRow + slot
    return slot / pattern.keep * pattern.of + Int(positions[index])
  }

  /// The dense matrix, row-major, in the order of `WeightMatrix`.
  public func unpacked() -> [Float] {
    var dense = [Float](repeating: 0, count: matrix.count)
    forEachSlot { row, column, value in dense[row * matrix.columns + column] = value }
    return dense
  }

  /// The weights that lie inside the matrix: what a runtime multiplies with, per output position.
  /// A slot that the mask left empty counts, since it is stored and multiplied.
  public var keptWeights: Int {
    var count = 0
    forEachSlot { _, _, _ in count += 1 }
    return count
  }

  /// Calls `body` with row, column and value of every slot inside the matrix.
  @inline(__always)
  private func forEachSlot(_ body: (_ row: Int, _ column: Int, _ value: Float) -> Void) {
    for tile in 0..<blockColumns.count {
      let firstRow = tile / keptTiles * pattern.block
      let firstColumn = Int(blockColumns[tile]) * pattern.block
      for row in 0..<min(pattern.block, matrix.rows - firstRow) {
        for slot in 0..<pattern.slotsPerRow {
          let column = firstColumn + columnInTile(tile, row: row, slot: slot)
          guard column < matrix.columns else { continue }
          body(firstRow + row, column, values[valueIndex(tile, row: row, slot: slot)])
        }
      }
    }
  }
}
