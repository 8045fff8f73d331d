import NeuralGraph

extension PackedLayer {
  /// Sides are positive and their products stay far from overflow; from here on plain arithmetic
  /// is safe.
  static func check(
    _ matrix: WeightMatrix, _ pattern: HybridPattern, _ name: String
  ) throws(FormatError) {
    guard let count = Tensor.count(of: [matrix.rows, matrix.taps, matrix.inChannels]), count > 0,
      count <= largestCount, blocks(matrix.columns, pattern) <= 1 << 16
    else { throw .layerTooLarge(layer: name) }
  }

  /// Everything that `check` leaves. Every file is checked when it is opened: positions and values
  /// are read many at once.
  func validate() throws(FormatError) {
    guard (1...blockColumnCount).contains(keptTiles) else {
      throw .unequalTiles(
        layer: name, blockRow: 0, expected: blockColumnCount, found: keptTiles)
    }
    let tiles = blockRowCount * keptTiles
    for (expected, found) in [
      (tiles, blockColumns.count),
      (tiles * pattern.slotsPerTile, valueBytes.count / precision.size),
      (tiles * pattern.positionsPerTile, positionBytes.count * 4),
    ] where expected != found {
      throw .elementCount(layer: name, expected: expected, found: found)
    }
    try validateBlockColumns()
    if let byte = TwoBit.firstDisorder(positionBytes, keep: pattern.keep) {
      throw .positionsNotAscending(
        layer: name, blockRow: byte / (keptTiles * pattern.positionBytesPerTile))
    }
    try validatePadding()
    try validateScales()
    try validateValues()
  }

  /// One for each row of whole numbers, positive, and none of whose weights is infinite.
  private func validateScales() throws(FormatError) {
    let expected = precision == .int8 ? matrix.rows : 0
    guard scales.count == expected else {
      throw .elementCount(layer: name, expected: expected, found: scales.count)
    }
    guard let row = scales.firstIndex(where: { !($0 > 0 && $0 <= PackedLayer.largestScale) }) else {
      return
    }
    throw .scaleOutOfRange(layer: name, row: row, found: "\(scales[row])")
  }

  /// No infinity and no NaN, and no whole number without an opposite.
  private func validateValues() throws(FormatError) {
    let isFinite = valueBytes.withUnsafeBytes { bytes in
      switch precision {
      case .int8: !bytes.contains(UInt8(bitPattern: Int8.min))
      case .float32: !bytes.holdsFloatsThatAreNotFinite
      case .float16: !bytes.holdsHalvesThatAreNotFinite
      }
    }
    guard !isFinite else { return }
    guard precision != .int8 else {
      throw .wholeNumberOutOfRange(layer: name, found: Int(Int8.min))
    }
    let values = values
    let index = values.firstIndex { !$0.isFinite } ?? 0
    throw .graph(
      .weightNotFinite(name: "\(name).weight.values", value: "\(values[index])", index: index))
  }

  private func validateBlockColumns() throws(FormatError) {
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
      }
    }
  }

  private func validatePadding() throws(FormatError) {
    let block = pattern.block
    for blockRow in 0..<blockRowCount {
      // Tiles ascend, so that only the last one of a block row can reach beyond the last column.
      let last = (blockRow + 1) * keptTiles - 1
      let sticksOutBelow = (blockRow + 1) * block > matrix.rows
      for tile in (sticksOutBelow ? blockRow * keptTiles : last)...last {
        try validatePadding(tile, firstRow: blockRow * block)
      }
    }
  }

  private func validatePadding(_ tile: Int, firstRow: Int) throws(FormatError) {
    let firstColumn = Int(blockColumns[tile]) * pattern.block
    let rows = matrix.rows - firstRow
    let columns = matrix.columns - firstColumn
    if rows >= pattern.block, columns >= pattern.block { return }
    for row in 0..<pattern.block {
      for slot in 0..<pattern.slotsPerRow {
        let column = columnInTile(tile, row: row, slot: slot)
        if row >= rows || column >= columns, !isZero(valueIndex(tile, row: row, slot: slot)) {
          throw .paddedNonzero(layer: name, row: firstRow + row, column: firstColumn + column)
        }
      }
    }
  }

  /// Whether a value is zero of either sign, told by its bits.
  private func isZero(_ index: Int) -> Bool {
    switch precision {
    case .int8: valueBytes.pointer.load(fromByteOffset: index, as: UInt8.self) == 0
    case .float32:
      valueBytes.pointer.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self) << 1 == 0
    case .float16:
      valueBytes.pointer.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self) << 1 == 0
    }
  }
}
