extension PackedLayer {
  /// Largest whole number of a weight: the range is symmetric, so that a sign never rounds.
  private static let largestWhole: Float = 127

  /// The layer with its weights as whole multiples of a scale of their row, which is its largest
  /// magnitude's share of 127: the nearest, ties to even. A layer that is stored so stays as it is.
  ///
  /// A row of zeros, or of numbers so small that their scale would not be normal, has the smallest
  /// normal scale. Throws nothing that the layer itself would not have.
  package func quantized() throws(FormatError) -> PackedLayer {
    guard precision != .int8 else { return self }
    let values = values
    let slots = pattern.slotsPerRow
    var scales = [Float](repeating: .leastNormalMagnitude, count: matrix.rows)
    for (index, value) in values.enumerated() {
      let row = matrixRow(ofStoredRow: index / slots)
      guard row < scales.count else { continue }
      scales[row] = max(scales[row], value.magnitude / PackedLayer.largestWhole)
    }
    var numbers = [Int8](repeating: 0, count: values.count)
    for (index, value) in values.enumerated() {
      let row = matrixRow(ofStoredRow: index / slots)
      guard row < scales.count else { continue }
      let whole = (value / scales[row]).rounded(.toNearestOrEven)
      numbers[index] = Int8(max(-PackedLayer.largestWhole, min(PackedLayer.largestWhole, whole)))
    }
    return try PackedLayer(
      name: name, matrix: matrix, pattern: pattern, keptTiles: keptTiles, precision: .int8,
      valueBytes: StoredBytes(copying: numbers), scales: scales, blockColumns: blockColumns,
      positionBytes: positionBytes)
  }

  /// The row of the matrix that a row of `valueBytes`, counted over all tiles, belongs to. Rows that
  /// stick out are beyond the last one.
  func matrixRow(ofStoredRow row: Int) -> Int {
    let (tile, inside) = row.quotientAndRemainder(dividingBy: pattern.block)
    return tile / keptTiles * pattern.block + inside
  }
}
