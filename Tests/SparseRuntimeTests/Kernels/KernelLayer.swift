import CKernels
import ModelFormats
import NeuralGraph
import Randomness

/// A random layer's weights for the kernels, each array exactly as long as it says, and the same
/// written out.
final class KernelLayer {
  /// Where the columns of a layer begin.
  enum Order: CaseIterable {
    /// A common stride, as in a convolution of 1x1.
    case strided
    /// The taps of a kernel: a stride that changes inside some blocks.
    case taps
    /// No stride at all.
    case scattered
  }

  var description = crisp_matrix()
  /// [output, rounded up to whole row groups][column], row-major.
  let weights: [Float]
  let outputs, columns, rows: Int
  /// Where the columns begin, and how far they reach before and beyond the first position.
  let offsets: Exactly<Int32>
  let before, beyond: Int

  private let bias: Exactly<Float>
  private var dense: Exactly<Float>?
  private var strides: Exactly<Int32>?
  private var blockColumns: Exactly<UInt16>?
  private var scales: Exactly<Float>?
  private var valueBytes, positionBytes: Exactly<UInt8>?

  private init(
    outputs: Int, columns: Int, rows: Int, paddedColumns: Int, order: Order, weights: [Float],
    divisions: Int, _ generator: inout SeededGenerator
  ) {
    (self.outputs, self.columns, self.rows, self.weights) = (outputs, columns, rows, weights)
    let stride = 16 * generator.index(1...4) + generator.nextIndex(below: 2)
    let channels = max(1, columns / 3)
    let places = (0..<paddedColumns).map { column in
      switch order {
      case _ where column >= columns: 0
      case .strided: column * stride
      case .taps: column % channels * stride + (column / channels - 1) * 3
      case .scattered: generator.index(-500...1500)
      }
    }
    offsets = Exactly(places.map { Int32($0) })
    description.divisions = divisions
    description.division_stride = divisions == 1 ? 0 : generator.index(1...100)
    before = max(0, -(places.min() ?? 0))
    beyond = max(0, places.max() ?? 0) + (divisions - 1) * description.division_stride
    bias = Exactly(generator.floats((outputs + rows - 1) / rows * rows))
    description.outputs = outputs
    description.columns = columns
    description.rows = rows
    description.bias = UnsafePointer(bias.start)
    description.column_offsets = UnsafePointer(offsets.start)
  }

  /// A packed layer whose values and positions lie one byte off every alignment.
  convenience init(
    packed pattern: HybridPattern, outputs: Int, columns: Int, keptTiles: Int, order: Order,
    precision: Precision, _ generator: inout SeededGenerator
  ) throws {
    let matrix = WeightMatrix(rows: outputs, taps: 1, inChannels: columns)
    let mask = pattern.randomMask(for: matrix, keptTiles: keptTiles, using: &generator)
    var layer = try PackedLayer(
      name: "layer", matrix: matrix, values: generator.floats(matrix.count), mask: mask,
      pattern: pattern)
    let isHalf = precision == .float16
    if precision == .int8 { layer = try layer.quantized() }
    let unpacked = layer.unpacked()
    let block = pattern.block
    let blocks = (columns + block - 1) / block
    let padding = [Float](
      repeating: 0,
      count: (outputs + pattern.rows - 1) / pattern.rows * pattern.rows * columns - unpacked.count)
    self.init(
      outputs: outputs, columns: columns, rows: pattern.rows, paddedColumns: blocks * block,
      order: order, weights: unpacked.map { isHalf ? Float(Float16($0)) : $0 } + padding,
      divisions: 1, &generator)
    let bytes =
      isHalf
      ? layer.values.map { Float16($0).bitPattern }.withUnsafeBytes { Array($0) }
      : layer.valueBytes.withUnsafeBytes { Array($0) }
    setPacked(layer, values: bytes, size: precision.size)
  }

  /// A dense layer of whole row groups.
  convenience init(
    dense rows: Int, outputs: Int, columns: Int, divisions: Int, order: Order,
    _ generator: inout SeededGenerator
  ) {
    self.init(
      outputs: outputs, columns: columns, rows: rows, paddedColumns: columns, order: order,
      weights: generator.floats((outputs + rows - 1) / rows * rows * columns),
      divisions: divisions, &generator)
    let dense = Exactly(weights)
    description.dense = UnsafePointer(dense.start)
    self.dense = dense
  }

  /// Replaces the values by others of `size` bytes each.
  func setValues(_ bytes: [UInt8], size: Int) {
    let values = Exactly([0] + bytes)
    description.values = UnsafePointer(values.start + 1)
    description.value_size = size
    description.value_count = bytes.count / size
    valueBytes = values
  }

  private func setPacked(_ layer: PackedLayer, values: [UInt8], size: Int) {
    setValues(values, size: size)
    let block = layer.pattern.block
    let strides = Exactly(
      stride(from: 0, to: columns, by: block).map { first -> Int32 in
        let stride = offsets.start[first + 1] - offsets.start[first]
        let isRegular = (first + 1..<first + block).allSatisfy {
          offsets.start[$0] - offsets.start[$0 - 1] == stride
        }
        return isRegular && first + block <= columns ? stride : 0
      })
    let blockColumns = Exactly(layer.blockColumns)
    let positions = Exactly([0] + layer.positionBytes.withUnsafeBytes { Array($0) })
    if layer.precision == .int8 {
      let scales = Exactly(
        layer.scales
          + [Float](
            repeating: 1, count: layer.blockRowCount * block - layer.scales.count))
      description.scales = UnsafePointer(scales.start)
      self.scales = scales
    }
    description.block = block
    description.keep = layer.pattern.keep
    description.kept_tiles = layer.keptTiles
    description.block_columns = UnsafePointer(blockColumns.start)
    description.positions = UnsafePointer(positions.start + 1)
    description.position_bytes = positions.count - 1
    description.column_strides = UnsafePointer(strides.start)
    (self.strides, self.blockColumns, positionBytes) = (strides, blockColumns, positions)
  }
}
