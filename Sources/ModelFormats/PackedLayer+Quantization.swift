extension PackedLayer {
  /// Largest whole number of a weight: the range is symmetric, so that a sign never rounds.
  private static let largestWhole: Float = 127
  /// Largest scale: the largest whole number of it is a finite weight.
  static let largestScale = (Float.greatestFiniteMagnitude / largestWhole).nextDown

  /// The layer with its weights as whole multiples of a scale of their row, which is its largest
  /// magnitude's share of 127: the nearest, ties to even. A layer that is stored so stays as it is.
  ///
  /// A row of zeros, or of numbers so small that their scale would not be normal, has the smallest
  /// normal scale. Throws nothing that the layer itself would not have.
  package func quantized() throws(FormatError) -> PackedLayer {
    guard precision != .int8 else { return self }
    let values = values
    var scales = [Float](repeating: .leastNormalMagnitude, count: matrix.rows)
    forEachStoredRow { row, indices in
      for index in indices {
        let scale = values[index].magnitude / PackedLayer.largestWhole
        scales[row] = min(PackedLayer.largestScale, max(scales[row], scale))
      }
    }
    var numbers = [Int8](repeating: 0, count: values.count)
    forEachStoredRow { row, indices in
      for index in indices {
        let whole = (values[index] / scales[row]).rounded(.toNearestOrEven)
        numbers[index] = Int8(max(-PackedLayer.largestWhole, min(PackedLayer.largestWhole, whole)))
      }
    }
    return try PackedLayer(
      name: name, matrix: matrix, pattern: pattern, keptTiles: keptTiles, precision: .int8,
      valueBytes: StoredBytes(copying: numbers), scales: scales, blockColumns: blockColumns,
      positionBytes: positionBytes)
  }

  /// Calls `body` with each stored row that the matrix has: its row there, and its values' indices.
  func forEachStoredRow(_ body: (_ row: Int, _ indices: Range<Int>) -> Void) {
    let slots = pattern.slotsPerRow
    for stored in 0..<blockColumns.count * pattern.block {
      let (tile, inside) = stored.quotientAndRemainder(dividingBy: pattern.block)
      let row = tile / keptTiles * pattern.block + inside
      if row < matrix.rows { body(row, stored * slots..<(stored + 1) * slots) }
    }
  }
}
