import CKernels
import ModelFormats
import NeuralGraph

/// A layer's weights as the kernels read them: in the hybrid pattern, straight from the packed
/// file's bytes, or dense.
final class LayerMatrix {
  /// Output channels.
  let outputs: Int
  /// Columns: kernel tap x input channels + input channel. Of one division where there are several.
  let columns: Int
  /// Rows of a row group: 1, 2 or 4.
  let rows: Int
  /// Equal parts of the outputs, each with input channels of its own: groups of a convolution.
  let divisions: Int
  /// Weights of the layer that are multiplied, and all it would have if it were dense.
  let keptWeights, denseWeights: Int
  /// The packed layer, unless the matrix is dense.
  let layer: PackedLayer?

  private let bias: KernelMemory<Float>
  private let dense: KernelMemory<Float>?
  private let blockColumns: KernelMemory<UInt16>?
  /// [row, rounded up to whole blocks], where weights are stored as whole numbers.
  private let scales: KernelMemory<Float>?

  /// Bytes that this object takes beside the file's.
  var memoryBytes: Int {
    bias.bytes + (dense?.bytes ?? 0) + (blockColumns?.bytes ?? 0) + (scales?.bytes ?? 0)
  }

  /// A layer in the hybrid pattern.
  init(_ layer: PackedLayer, bias: [Float]?) throws(RuntimeError) {
    self.layer = layer
    outputs = layer.matrix.rows
    columns = layer.matrix.columns
    rows = layer.pattern.rows
    divisions = 1
    keptWeights = layer.keptWeights
    denseWeights = layer.matrix.count
    self.bias = try LayerMatrix.padded(bias, outputs: outputs)
    dense = nil
    blockColumns = try KernelMemory(layer.blockColumns)
    let padding = layer.blockRowCount * layer.pattern.block - layer.scales.count
    scales =
      layer.precision == .int8
      ? try KernelMemory(layer.scales + [Float](repeating: 0, count: padding)) : nil
  }

  /// A dense matrix, row-major. `isWeight` is false for factors that the network does not count
  /// as weights.
  init(
    _ values: [Float], outputs: Int, columns: Int, divisions: Int = 1, bias: [Float]?,
    isWeight: Bool = true
  ) throws(RuntimeError) {
    layer = nil
    self.outputs = outputs
    self.columns = columns
    self.divisions = divisions
    rows = divisions == 1 || outputs / divisions % 4 == 0 ? 4 : 1
    denseWeights = isWeight ? outputs * columns : 0
    keptWeights = denseWeights
    self.bias = try LayerMatrix.padded(bias, outputs: outputs)
    dense = try LayerMatrix.wholeGroups(values, outputs: outputs, columns: columns)
    blockColumns = nil
    scales = nil
  }

  /// A packed layer with its zeros written out.
  init(dense packed: LayerMatrix, _ layer: PackedLayer) throws(RuntimeError) {
    self.layer = nil
    outputs = packed.outputs
    columns = packed.columns
    divisions = 1
    rows = 4
    keptWeights = packed.keptWeights
    denseWeights = packed.denseWeights
    bias = packed.bias
    dense = try LayerMatrix.wholeGroups(layer.unpacked(), outputs: outputs, columns: columns)
    blockColumns = nil
    scales = nil
  }

  /// Whole row groups are computed.
  private static func wholeGroups(
    _ values: [Float], outputs: Int, columns: Int
  ) throws(RuntimeError) -> KernelMemory<Float> {
    let dense = try KernelMemory<Float>(zeros: (outputs + 3) / 4 * 4 * columns)
    values.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { dense.start.update(from: base, count: source.count) }
    }
    return dense
  }

  private static func padded(
    _ bias: [Float]?, outputs: Int
  ) throws(RuntimeError) -> KernelMemory<Float> {
    let bias = bias ?? []
    return try KernelMemory(bias + [Float](repeating: 0, count: outputs + 3 - bias.count))
  }

  /// Columns rounded up to whole blocks: as many as there must be offsets.
  var paddedColumns: Int {
    guard let block = layer?.pattern.block else { return columns }
    return (columns + block - 1) / block * block
  }

  /// The description for the kernels, all but the offsets.
  var description: crisp_matrix {
    var matrix = crisp_matrix()
    matrix.outputs = outputs
    matrix.columns = columns
    matrix.rows = rows
    matrix.bias = UnsafePointer(bias.start)
    matrix.divisions = divisions
    if let dense { matrix.dense = UnsafePointer(dense.start) }
    if let layer, let blockColumns {
      matrix.block = layer.pattern.block
      matrix.keep = layer.pattern.keep
      matrix.kept_tiles = layer.keptTiles
      matrix.values = layer.valueBytes.pointer.assumingMemoryBound(to: UInt8.self)
      matrix.value_size = layer.precision.size
      matrix.value_count = layer.valueBytes.count / matrix.value_size
      if let scales { matrix.scales = UnsafePointer(scales.start) }
      matrix.block_columns = UnsafePointer(blockColumns.start)
      matrix.positions = layer.positionBytes.pointer.assumingMemoryBound(to: UInt8.self)
      matrix.position_bytes = layer.positionBytes.count
    }
    return matrix
  }
}
