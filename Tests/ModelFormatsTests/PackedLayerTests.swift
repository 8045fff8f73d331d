import ModelFormats
import NeuralGraph
import Randomness
import Testing

@Suite struct PackedLayerTests {
  static let patterns: [HybridPattern] = [1, 2, 3].flatMap { keep in
    [8, 16, 32, 64].flatMap { block in
      [1, 2, 4].compactMap { try? HybridPattern(keep: keep, block: block, rows: $0) }
    }
  }

  /// A random layer of that pattern, with the dense matrix it must unpack to.
  private func layer(
    _ matrix: WeightMatrix, _ pattern: HybridPattern, keptTiles: Int, seed: UInt64 = 1
  ) throws -> (PackedLayer, [Float]) {
    var generator = SeededGenerator(seed: seed)
    let mask = pattern.randomMask(for: matrix, keptTiles: keptTiles, using: &generator)
    let values = (0..<matrix.count).map { _ in Float(generator.nextGaussian()) }
    let layer = try PackedLayer(
      name: "x", matrix: matrix, values: values, mask: mask, pattern: pattern)
    return (layer, zip(values, mask).map { $1 ? $0 : 0 })
  }

  /// Counts slot by slot.
  private func slotsInside(_ layer: PackedLayer) -> Int {
    let (pattern, positions) = (layer.pattern, layer.positions)
    var count = 0
    for (tile, blockColumn) in layer.blockColumns.enumerated() {
      let firstRow = tile / layer.keptTiles * pattern.block
      for row in 0..<min(pattern.block, layer.matrix.rows - firstRow) {
        for slot in 0..<pattern.slotsPerRow {
          let group = tile * pattern.block / pattern.rows + row / pattern.rows
          let inGroup = Int(positions[group * pattern.slotsPerRow + slot])
          let column = Int(blockColumn) * pattern.block + slot / pattern.keep * 4 + inGroup
          if column < layer.matrix.columns { count += 1 }
        }
      }
    }
    return count
  }

  @Test(arguments: patterns)
  func roundTripsEveryShape(_ pattern: HybridPattern) throws {
    for (rows, taps, channels) in [
      (1, 1, 1), (8, 1, 8), (10, 9, 16), (64, 9, 64), (65, 1, 66), (7, 9, 3), (33, 4, 13),
      (16, 25, 6), (100, 1, 130),
    ] {
      let matrix = WeightMatrix(rows: rows, taps: taps, inChannels: channels)
      for kept in [1, 3, 1000] {
        let (layer, dense) = try layer(matrix, pattern, keptTiles: kept)
        #expect(layer.unpacked() == dense)
        let again = try PackedLayer(
          name: "x", matrix: matrix, pattern: pattern, keptTiles: layer.keptTiles,
          values: layer.values, blockColumns: layer.blockColumns, positions: layer.positions)
        #expect(again == layer)
        #expect(layer.keptWeights >= dense.count { $0 != 0 })
        #expect(layer.keptWeights == slotsInside(layer))
      }
    }
  }

  @Test func fillsGroupsThatKeepLess() throws {
    let matrix = WeightMatrix(rows: 8, taps: 1, inChannels: 8)
    var mask = [Bool](repeating: false, count: 64)
    mask[3] = true
    mask[8 + 4] = true
    let layer = try PackedLayer(
      name: "x", matrix: matrix, values: (0..<64).map(Float.init), mask: mask,
      pattern: HybridPattern(keep: 2, block: 8))
    #expect(Array(layer.positions[0..<8]) == [0, 3, 0, 1, 0, 1, 0, 1])
    #expect(Array(layer.values[0..<8]) == [0, 3, 0, 0, 0, 0, 12, 0])
  }

  @Test func refusesMasksThatBreakThePattern() throws {
    let matrix = WeightMatrix(rows: 16, taps: 1, inChannels: 16)
    func pack(_ rows: Int = 1, _ edit: (inout [Bool]) -> Void) -> FormatError? {
      // Two tiles on the diagonal, the first two columns of every group.
      var mask = (0..<256).map { $0 / 16 / 8 == $0 % 16 / 8 && $0 % 4 < 2 }
      edit(&mask)
      do {
        _ = try PackedLayer(
          name: "x", matrix: matrix, values: [Float](repeating: 1, count: 256), mask: mask,
          pattern: HybridPattern(keep: 2, block: 8, rows: rows))
        return nil
      } catch {
        return error
      }
    }
    #expect(pack { _ in } == nil)
    #expect(pack(4) { _ in } == nil)
    #expect(pack { $0[2] = true } == .groupOverfull(layer: "x", row: 0, column: 0))
    #expect(
      pack { $0[8] = true }
        == .unequalTiles(layer: "x", blockRow: 1, expected: 2, found: 1))
    #expect(
      pack { $0 = $0.map { _ in false } }
        == .unequalTiles(layer: "x", blockRow: 0, expected: 0, found: 0))
    #expect(
      pack(2) { $0[16] = false } == .rowGroupDiffers(layer: "x", row: 1, column: 0))
    #expect(
      pack { $0.removeLast() } == .elementCount(layer: "x", expected: 256, found: 255))
  }

  @Test func refusesBrokenParts() throws {
    let matrix = WeightMatrix(rows: 10, taps: 1, inChannels: 22)
    let pattern = try HybridPattern(keep: 2, block: 8)
    let (good, _) = try layer(matrix, pattern, keptTiles: 3)
    func rebuild(
      kept: Int = 3, _ values: [Float], _ columns: [UInt16], _ positions: [UInt8]
    ) -> FormatError? {
      do {
        _ = try PackedLayer(
          name: "x", matrix: matrix, pattern: pattern, keptTiles: kept, values: values,
          blockColumns: columns, positions: positions)
        return nil
      } catch {
        return error
      }
    }
    func edited<T>(_ array: [T], _ index: Int, _ value: T) -> [T] {
      var array = array
      array[index] = value
      return array
    }
    let (v, c, p) = (good.values, good.blockColumns, good.positions)
    #expect(rebuild(v, c, p) == nil)
    #expect(rebuild(kept: 0, v, c, p)?.code == "unequal_tiles")
    #expect(rebuild(kept: 4, v, c, p)?.code == "unequal_tiles")
    #expect(rebuild(kept: 2, v, c, p)?.code == "element_count")
    #expect(rebuild(v.dropLast(), c, p)?.code == "element_count")
    #expect(rebuild(v, c, p + [0])?.code == "element_count")
    #expect(
      rebuild(v, edited(c, 2, 3), p)
        == .blockColumnOutOfRange(layer: "x", blockRow: 0, found: 3))
    #expect(
      rebuild(v, edited(c, 1, 0), p) == .blockColumnsNotAscending(layer: "x", blockRow: 0))
    #expect(
      rebuild(v, edited(edited(c, 3, 1), 4, 0), p)
        == .blockColumnsNotAscending(layer: "x", blockRow: 1))
    #expect(
      rebuild(v, c, edited(edited(p, 0, 2), 1, 2))
        == .positionsNotAscending(layer: "x", blockRow: 0))
    #expect(
      rebuild(v, c, edited(p, 1, 4)) == .positionsNotAscending(layer: "x", blockRow: 0))
    // Row 2 of the second block row is row 10, beyond the matrix.
    #expect(rebuild(edited(v, 3 * 32 + 2 * 4, 1), c, p)?.code == "padded_nonzero")
    // The third tile's last group holds columns 20…23; the matrix ends at 22.
    let ragged = edited(edited(p, 2 * 32 + 2, 0), 2 * 32 + 3, 3)
    #expect(rebuild(edited(v, 2 * 32 + 3, 0), c, ragged) == nil)
    #expect(
      rebuild(edited(v, 2 * 32 + 3, 1), c, ragged)
        == .paddedNonzero(layer: "x", row: 0, column: 23))
  }

  @Test func refusesSidesBeyondTheFormat() throws {
    let pattern = try HybridPattern(keep: 2, block: 8)
    for matrix in [
      WeightMatrix(rows: 1 << 40, taps: 1 << 30, inChannels: 1),
      WeightMatrix(rows: 0, taps: 1, inChannels: 1),
      WeightMatrix(rows: 1, taps: 1, inChannels: 1 << 20),
    ] {
      #expect(throws: FormatError.layerTooLarge(layer: "x")) {
        try PackedLayer(name: "x", matrix: matrix, values: [], mask: [], pattern: pattern)
      }
    }
  }
}
