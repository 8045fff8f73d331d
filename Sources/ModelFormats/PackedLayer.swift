import NeuralGraph

/// One layer's weights in the hybrid pattern: the tiles that are kept, the values inside them and
/// the positions of those values. The order of everything is the order in the file (see
/// `PackedModel`), and the bytes are the file's own: a layer that was read refers to them where
/// they are mapped, and keeps them there.
///
/// The initialisers prove the invariants, so whoever holds a layer may rely on them: the same
/// number of tiles in every block row, tile columns ascending and inside the matrix, positions
/// ascending inside each group, zeros wherever a tile sticks out of the matrix.
public struct PackedLayer: Sendable, Hashable {
  /// Largest matrix of one layer. It bounds what `unpacked()` allocates for a small hostile file.
  static let largestCount = 1 << 28

  /// The name of the node whose matrix this is.
  public let name: String
  /// The sides of the matrix that is stored.
  public let matrix: WeightMatrix
  /// Which weights the matrix may keep.
  public let pattern: HybridPattern
  /// Tiles kept in each block row: 1…`blockColumnCount`.
  public let keptTiles: Int
  /// What `valueBytes` holds.
  public let precision: Precision
  /// [block row, kept tile, row in tile, group and slot in group]: little-endian floats or halves, or
  /// whole numbers from -127 to 127.
  public let valueBytes: StoredBytes
  /// [row of the matrix]: what a row's whole numbers are multiplied with, positive. Empty unless
  /// `precision` is `int8`.
  public let scales: [Float]
  /// [block row, kept tile]: the tile's column in units of blocks.
  public let blockColumns: [UInt16]
  /// [block row, kept tile, row group, group and slot in group]: the column within the group, two
  /// bits each, the first in the lowest bits of a byte.
  public let positionBytes: StoredBytes

  /// Block rows of the matrix, the last one possibly ragged.
  public var blockRowCount: Int { PackedLayer.blocks(matrix.rows, pattern) }
  /// Tiles of a full block row.
  public var blockColumnCount: Int { PackedLayer.blocks(matrix.columns, pattern) }

  /// Takes parts as they are stored and validates them.
  init(
    name: String, matrix: WeightMatrix, pattern: HybridPattern, keptTiles: Int,
    precision: Precision, valueBytes: StoredBytes, scales: [Float] = [], blockColumns: [UInt16],
    positionBytes: StoredBytes
  ) throws(FormatError) {
    try PackedLayer.check(matrix, pattern, name)
    self.name = name
    self.matrix = matrix
    self.pattern = pattern
    self.keptTiles = keptTiles
    self.precision = precision
    self.valueBytes = valueBytes
    self.scales = scales
    self.blockColumns = blockColumns
    self.positionBytes = positionBytes
    try validate()
  }

  /// Takes parts as numbers and validates them: `values` as in `valueBytes`, `positions` one number
  /// each. They are stored as 32-bit floats. Throws `FormatError` for what the format does not
  /// allow, for example positions outside of their group.
  public init(
    name: String, matrix: WeightMatrix, pattern: HybridPattern, keptTiles: Int, values: [Float],
    blockColumns: [UInt16], positions: [UInt8]
  ) throws(FormatError) {
    try PackedLayer.check(matrix, pattern, name)
    let tiles = PackedLayer.blocks(matrix.rows, pattern)
    let perBlockRow = max(1, keptTiles) * pattern.positionsPerTile
    guard positions.count % 4 == 0 else {
      throw .elementCount(layer: name, expected: tiles * perBlockRow, found: positions.count)
    }
    if let index = positions.firstIndex(where: { $0 >= pattern.of }) {
      throw .positionsNotAscending(layer: name, blockRow: index / perBlockRow)
    }
    try self.init(
      name: name, matrix: matrix, pattern: pattern, keptTiles: keptTiles, precision: .float32,
      valueBytes: StoredBytes(copying: values), blockColumns: blockColumns,
      positionBytes: StoredBytes(copying: TwoBit.pack(positions)))
  }

  static func blocks(_ side: Int, _ pattern: HybridPattern) -> Int {
    (side + pattern.block - 1) / pattern.block
  }

  /// The values as numbers, converted anew with every call.
  public var values: [Float] {
    var values = valueBytes.floats(precision)
    guard precision == .int8 else { return values }
    forEachStoredRow { row, indices in
      for index in indices { values[index] *= scales[row] }
    }
    return values
  }
  /// The positions as numbers, unpacked anew with every call.
  public var positions: [UInt8] { TwoBit.unpack(positionBytes) }

  /// Column within its tile of a slot of tile number `tile` (counted over all block rows).
  @inline(__always)
  public func columnInTile(_ tile: Int, row: Int, slot: Int) -> Int {
    let groups = pattern.block / pattern.rows
    let index = (tile * groups + row / pattern.rows) * pattern.slotsPerRow + slot
    return slot / pattern.keep * pattern.of + TwoBit.number(index, in: positionBytes)
  }

  /// Index into `values` of a slot of tile number `tile` (counted over all block rows).
  @inline(__always)
  func valueIndex(_ tile: Int, row: Int, slot: Int) -> Int {
    (tile * pattern.block + row) * pattern.slotsPerRow + slot
  }

  /// The dense matrix, row-major, in the order of `WeightMatrix`.
  public func unpacked() -> [Float] {
    var dense = [Float](repeating: 0, count: matrix.count)
    let values = values
    for tile in blockColumns.indices {
      let inside = sides(of: tile)
      for row in 0..<inside.rows {
        let start = (inside.firstRow + row) * matrix.columns + inside.firstColumn
        for slot in 0..<pattern.slotsPerRow {
          let column = columnInTile(tile, row: row, slot: slot)
          guard column < inside.columns else { continue }
          dense[start + column] = values[valueIndex(tile, row: row, slot: slot)]
        }
      }
    }
    return dense
  }

  /// The weights that lie inside the matrix: what a runtime multiplies with, per output position.
  /// A slot that the mask left empty counts, since it is stored and multiplied.
  public var keptWeights: Int {
    var count = 0
    for tile in blockColumns.indices {
      let inside = sides(of: tile)
      guard inside.columns < pattern.block else {
        count += inside.rows * pattern.slotsPerRow
        continue
      }
      // Only where the matrix ends inside the tile do its positions matter.
      for row in 0..<inside.rows {
        for slot in 0..<pattern.slotsPerRow
        where columnInTile(tile, row: row, slot: slot) < inside.columns { count += 1 }
      }
    }
    return count
  }

  /// Where a tile begins, and how many of its rows and columns the matrix has.
  private func sides(
    of tile: Int
  ) -> (firstRow: Int, firstColumn: Int, rows: Int, columns: Int) {
    let firstRow = tile / keptTiles * pattern.block
    let firstColumn = Int(blockColumns[tile]) * pattern.block
    return (
      firstRow, firstColumn, min(pattern.block, matrix.rows - firstRow),
      min(pattern.block, matrix.columns - firstColumn)
    )
  }
}
