/// What all designs share: processing elements, buffers and bandwidths (`Documentation/accelerators.md`).
///
/// Words have 8 bits; a cycle is a nanosecond at 1 GHz.
public struct Machine: Sendable, Equatable {
  /// Sub-partitions, each with its register file.
  public var partitions = 4
  /// Rows of weights that a sub-partition works on at once.
  public var partitionRows = 16
  /// Kept weights of a row that are multiplied at once; their products are added before the registers.
  public var partitionColumns = 16
  /// Positions for which a weight may stay in its processing element.
  public var stationaryPositions = 128
  /// Words of partial sums that the register files of all sub-partitions hold.
  public var accumulators = 8192
  /// Bytes of shared memory for weights and activations.
  public var sharedMemory = 262_144
  /// Bytes of shared memory for places and bitmaps.
  public var metadataMemory = 65_536
  /// Words that shared memory gives in a cycle.
  public var sharedBandwidth = 42.0
  /// Bytes that DRAM gives in a cycle.
  public var dramReadBandwidth = 32.0
  /// Bytes that DRAM takes in a cycle.
  public var dramWriteBandwidth = 32.0

  /// The machine of the reference rows: 1,024 elements, 256 KiB, LPDDR4.
  public init() {}

  /// Rows that share one broadcast of inputs.
  var rows: Int { partitions * partitionRows }
  /// Multiplies a cycle.
  var multipliers: Int { rows * partitionColumns }
}
