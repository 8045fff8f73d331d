import CKernels
import ModelFormats
import Randomness
import SparseRuntime
import Testing

/// The kernels that write out a few tiles of the packed file.
@Suite struct DecodeKernelTests {
  @Test(arguments: InstructionSet.available, [1, 2, 4])
  func decodesAsTheFormatSays(_ instructionSet: InstructionSet, rows: Int) throws {
    let table = try KernelTable(instructionSet)
    var generator = SeededGenerator(seed: UInt64(rows))
    var comparison = Comparison()
    for block in [8, 16, 32, 64] {
      for keep in [1, 2, 3] {
        for precision in Precision.allCases {
          for order in KernelLayer.Order.allCases {
            let layer = try KernelLayer(
              packed: HybridPattern(keep: keep, block: block, rows: rows),
              outputs: 2 * block - 3, columns: 4 * block + generator.index(-3...1),
              keptTiles: 3, order: order, precision: precision, &generator)
            if precision == .float16 { setAllKindsOfHalves(layer, &generator) }
            // The last tiles end where the file does.
            for tiles in 1...3 {
              for firstTile in [0, 3 - tiles] {
                for panel in [0, 3 * table.lanes] {
                  try check(
                    table, layer, firstTile: firstTile, tiles: tiles, panel: panel, &generator,
                    &comparison)
                }
              }
            }
          }
        }
      }
    }
    comparison.report()
  }

  /// Any bits at all: zeros of both signs, subnormal numbers, infinities, no numbers.
  private func setAllKindsOfHalves(
    _ layer: KernelLayer, _ generator: inout SeededGenerator
  ) {
    let special: [UInt16] = [0, 0x8000, 1, 0x83ff, 0x0400, 0x7bff, 0x7c00, 0xfc00, 0x7e00]
    let halves = (0..<layer.description.value_count).map { _ in
      generator.nextIndex(below: 4) == 0
        ? special[generator.nextIndex(below: special.count)]
        : UInt16(truncatingIfNeeded: generator.next())
    }
    layer.setValues(halves.withUnsafeBytes { Array($0) }, size: 2)
  }

  private func check(
    _ table: KernelTable, _ layer: KernelLayer, firstTile: Int, tiles: Int, panel: Int,
    _ generator: inout SeededGenerator, _ comparison: inout Comparison
  ) throws {
    var matrix = layer.description
    let slots = matrix.block / 4 * matrix.keep
    let blockGroups = matrix.block / matrix.rows
    let firstGroup = generator.nextIndex(below: blockGroups)
    let groups = generator.index(1...(blockGroups - firstGroup))
    let stride = tiles * slots + table.lanes + generator.nextIndex(below: 3)
    let values = Exactly(untouched, count: groups * matrix.rows * stride)
    let offsets = Exactly(Int32(7), count: groups * stride)
    for blockRow in 0...1 {
      var selection = crisp_selection(
        block_row: blockRow, first_tile: firstTile, tiles: tiles, first_group: firstGroup,
        groups: groups, panel_stride: panel, values: values.start, offsets: offsets.start,
        stride: stride)
      let decode = try #require(table.pointer.pointee.decode)
      decode(&matrix, &selection)
      for row in 0..<groups * matrix.rows {
        for tap in 0..<tiles * slots {
          let tile = blockRow * matrix.kept_tiles + firstTile + tap / slots
          let (rowInBlock, slot) = (firstGroup * matrix.rows + row, tap % slots)
          let expected = value(
            matrix, (tile * matrix.block + rowInBlock) * slots + slot,
            row: blockRow * matrix.block + rowInBlock)
          let found = values.start[row * stride + tap]
          comparison.expect(
            expected.isNaN ? found.isNaN : found.bitPattern == expected.bitPattern,
            "value \(found) instead of \(expected)")
          let column = column(matrix, tile: tile, row: rowInBlock, slot: slot)
          let place =
            panel > 0
            ? Int32((tap / slots * matrix.block + column) * panel)
            : matrix.column_offsets[Int(matrix.block_columns[tile]) * matrix.block + column]
          let offset = offsets.start[row / matrix.rows * stride + tap]
          comparison.expect(offset == place, "offset \(offset) instead of \(place)")
        }
      }
    }
  }

  private func value(_ matrix: crisp_matrix, _ index: Int, row: Int) -> Float {
    let bytes = UnsafeRawPointer(matrix.values + index * matrix.value_size)
    return switch matrix.value_size {
    case 1: Float(bytes.load(as: Int8.self)) * matrix.scales[row]
    case 2: Float(Float16(bitPattern: bytes.loadUnaligned(as: UInt16.self)))
    default: bytes.loadUnaligned(as: Float.self)
    }
  }

  private func column(_ matrix: crisp_matrix, tile: Int, row: Int, slot: Int) -> Int {
    let slots = matrix.block / 4 * matrix.keep
    let index = (tile * (matrix.block / matrix.rows) + row / matrix.rows) * slots + slot
    return slot / matrix.keep * 4 + (Int(matrix.positions[index / 4]) >> (index % 4 * 2) & 3)
  }
}
