import ModelFormats
import NeuralGraph

/// A layer's weights in the order in which the kernels read them: for each row group its columns,
/// for each column one value per row of the group.
struct KernelWeights {
  /// Marks a slot beyond the matrix; its value is zero.
  static let noColumn: Int32 = -1

  /// Output channels.
  let outputs: Int
  /// Rows of a row group: 1, 2 or 4. The last group may reach beyond the outputs.
  let rows: Int
  /// Columns of each row group.
  let taps: Int
  /// [group][taps], or [taps] when all groups read the same columns. A column is
  /// tap of the kernel x input channels + input channel.
  let columns: [Int32]
  let sharesColumns: Bool
  /// [group][taps][rows].
  let values: [Float]
  /// [group][rows].
  let bias: [Float]
  /// Weights of the layer that are multiplied, and all it would have if it were dense.
  let keptWeights, denseWeights: Int

  var groups: Int { (outputs + rows - 1) / rows }

  /// A layer in the hybrid pattern.
  init(_ layer: PackedLayer, bias: [Float]?) {
    let pattern = layer.pattern
    outputs = layer.matrix.rows
    rows = pattern.rows
    taps = layer.keptTiles * pattern.slotsPerRow
    sharesColumns = false
    let groups = (outputs + rows - 1) / rows
    let stored = layer.values
    var columns: [Int32] = []
    var values: [Float] = []
    columns.reserveCapacity(groups * taps)
    values.reserveCapacity(groups * taps * rows)
    for group in 0..<groups {
      let blockRow = group * pattern.rows / pattern.block
      let row = group * pattern.rows % pattern.block
      for tile in blockRow * layer.keptTiles..<(blockRow + 1) * layer.keptTiles {
        let firstColumn = Int(layer.blockColumns[tile]) * pattern.block
        for slot in 0..<pattern.slotsPerRow {
          let column = firstColumn + layer.columnInTile(tile, row: row, slot: slot)
          columns.append(
            column < layer.matrix.columns ? Int32(column) : KernelWeights.noColumn)
          for member in row..<row + pattern.rows {
            values.append(
              stored[(tile * pattern.block + member) * pattern.slotsPerRow + slot])
          }
        }
      }
    }
    self.columns = columns
    self.values = values
    self.bias = KernelWeights.padded(bias, groups: groups, rows: rows)
    keptWeights = layer.keptWeights
    denseWeights = layer.matrix.count
  }

  /// A dense convolution or linear layer; `weight` is in OIHW order.
  init?(_ matrix: WeightMatrix, groups convolutionGroups: Int, weight: [Float], bias: [Float]?) {
    guard let dense = matrix.fromOIHW(weight) else { return nil }
    outputs = matrix.rows
    let outputsPerGroup = matrix.rows / convolutionGroups
    rows = convolutionGroups == 1 || outputsPerGroup % 4 == 0 ? 4 : 1
    taps = matrix.columns
    sharesColumns = convolutionGroups == 1
    let groups = (outputs + rows - 1) / rows
    let allChannels = matrix.inChannels * convolutionGroups
    var columns: [Int32] = []
    for group in 0..<(sharesColumns ? 1 : groups) {
      let firstChannel = group * rows / outputsPerGroup * matrix.inChannels
      for tap in 0..<matrix.taps {
        for channel in 0..<matrix.inChannels {
          columns.append(Int32(tap * allChannels + firstChannel + channel))
        }
      }
    }
    var values = [Float](repeating: 0, count: groups * taps * rows)
    for row in 0..<outputs {
      let start = row / rows * taps * rows + row % rows
      for column in 0..<taps { values[start + column * rows] = dense[row * taps + column] }
    }
    self.columns = columns
    self.values = values
    self.bias = KernelWeights.padded(bias, groups: groups, rows: rows)
    keptWeights = matrix.count
    denseWeights = matrix.count
  }

  /// One factor and one constant for each channel: batch norm, or (all ones) a copy on which an
  /// addition or rectification rides.
  init(scale: [Float], shift: [Float]) {
    outputs = scale.count
    rows = 1
    taps = 1
    sharesColumns = false
    columns = scale.indices.map { Int32($0) }
    values = scale
    bias = shift
    keptWeights = 0
    denseWeights = 0
  }

  private static func padded(_ bias: [Float]?, groups: Int, rows: Int) -> [Float] {
    let bias = bias ?? []
    return bias + [Float](repeating: 0, count: groups * rows - bias.count)
  }
}
