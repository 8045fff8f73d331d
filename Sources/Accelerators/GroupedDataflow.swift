import Foundation

/// Designs that place kept weights in groups of neighbouring columns: dense, 2:4, flexible 2:M, two levels,
/// and CRISP's.
///
/// Weights stay in the elements; inputs of a group are broadcast to all rows at work, and each element
/// picks its own by the weight's place. Products of 16 columns are added before the registers.
extension Dataflow {
  /// Groups that span the whole row.
  /// - Parameters:
  ///   - inputs: Share of the inputs that are stored, 1 without compression.
  ///   - placeBits: What a kept weight's place takes.
  ///   - bufferBits: What the metadata buffer is laid out for.
  static func grouped(
    _ product: MatrixProduct, keep: Int, of: Int, inputs: Double, placeBits: Double,
    bufferBits: Double, machine: Machine
  ) -> Dataflow {
    let share = Double(keep) / Double(of)
    let group = (machine.partitionColumns * of + keep - 1) / keep
    let columns = product.depth.rounded(upTo: group)
    let bitmap = inputs < 1
    return Dataflow(
      rows: product.outputs.rounded(upTo: machine.rows), columns: columns, computed: share,
      fed: share,
      multiplied: share, sumsPerMultiply: 1 / Double(machine.partitionColumns),
      inputWords: Double(group) * inputs,
      weightWords: { Double(machine.multipliers) / Double($0) },
      metadataBytes: {
        Double(machine.multipliers) / Double($0) * placeBits / 8
          + (bitmap ? Double(group) / 8 : 0)
      },
      placeBits: placeBits,
      row: StoredVector(
        words: Double(columns) * share, metadata: Double(columns) * share * bufferBits / 8),
      column: product.column(depth: columns, stored: inputs, bitmap: bitmap),
      rowUnit: machine.rows, positionUnit: machine.rows)
  }

  /// Groups inside kept tiles, equally many tiles in every block row.
  ///
  /// Rows of one block row share the broadcast. A block row of fewer rows than the machine works on leaves
  /// sub-partitions to further positions, each of which needs inputs of its own.
  static func tiled(
    _ product: MatrixProduct, keep: Int, of: Int, block: Int, tiles: Double, sharing rows: Int,
    machine: Machine
  ) -> Dataflow {
    let share = Double(keep) / Double(of)
    let group = (machine.partitionColumns * of + keep - 1) / keep
    let tilesInRow = (product.depth + block - 1) / block
    // At least one tile stays in every block row (Documentation/method.md, B6).
    let kept = max(1, (tiles * Double(tilesInRow)).rounded())
    let keptColumns = min(Int(kept) * block, tilesInRow * block).rounded(upTo: group)
    let rowsAtOnce = min(block.rounded(upTo: machine.partitionRows), machine.rows)
    let partitionsOfRow = rowsAtOnce / machine.partitionRows
    let broadcasts = Double(machine.partitions) / Double(partitionsOfRow)
    let blockRows = (product.outputs + block - 1) / block
    // Tiles that keep all their weights need no places.
    let placeBits = keep == of ? 0 : Double(placeWidth(of))
    // Rows that share places share them in memory; each element still holds its own.
    let storedBits = placeBits / Double(rows)
    return Dataflow(
      rows: blockRows * block.rounded(upTo: rowsAtOnce), columns: keptColumns, computed: share,
      fed: share,
      multiplied: share, sumsPerMultiply: 1 / Double(machine.partitionColumns),
      inputWords: Double(group) * broadcasts,
      weightWords: { Double(machine.multipliers) / broadcasts / Double($0) },
      metadataBytes: {
        Double(machine.multipliers) / broadcasts / Double($0)
          * (storedBits / 8 + 2 / (Double(block * block) * share))
      },
      placeBits: placeBits,
      row: StoredVector(
        words: Double(keptColumns) * share,
        metadata: Double(keptColumns) * share * storedBits / 8 + 2 * kept / Double(block)),
      column: product.column(depth: product.depth, stored: 1, bitmap: false),
      rowUnit: rowsAtOnce, positionUnit: machine.rows)
  }

  /// Bits of a place among `of`, as a buffer of 8-bit words holds them: 0, 1, 2, 4 or 8.
  static func placeWidth(_ of: Int) -> Int { powerOfTwo(bits(for: of)) }

  /// Bits of a run of up to `of` - `keep` zeros.
  static func runWidth(keep: Int, of: Int) -> Int {
    keep == of ? 0 : powerOfTwo(max(1, bits(for: of - keep)))
  }

  private static func bits(for values: Int) -> Int {
    values <= 1 ? 0 : Int.bitWidth - (values - 1).leadingZeroBitCount
  }

  private static func powerOfTwo(_ bits: Int) -> Int {
    bits <= 1 ? bits : 1 << (Int.bitWidth - (bits - 1).leadingZeroBitCount)
  }
}

extension MatrixProduct {
  /// A column of activations in memory: a convolution's columns share most of their elements.
  func column(depth padded: Int, stored share: Double, bitmap: Bool) -> StoredVector {
    let elements =
      min(Double(inputElements) / Double(positions), Double(depth)) * Double(padded)
      / Double(depth)
    return StoredVector(words: elements * share, metadata: bitmap ? elements / 8 : 0)
  }
}

extension Int {
  /// The least multiple of a unit that is not smaller.
  func rounded(upTo unit: Int) -> Int { (self + unit - 1) / unit * unit }
}
