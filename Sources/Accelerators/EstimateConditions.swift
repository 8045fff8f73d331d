/// Under what circumstances a layer runs.
public struct EstimateConditions: Sendable, Equatable {
  /// Where activations come from and go to.
  public enum Memory: String, Sendable, CaseIterable, Codable {
    /// Everything comes from DRAM and goes there: one image, cold.
    case cold
    /// Activations stay on chip between layers; weights come from DRAM.
    case resident
  }

  /// Bits of weights and activations.
  public enum Precision: Int, Sendable, CaseIterable, Codable {
    case bits8 = 8
    case bits16 = 16
  }

  /// Where activations come from and go to.
  public var memory: Memory
  /// Bits of weights and activations.
  public var precision: Precision
  /// Whether places and bitmaps travel from DRAM too. The reference rows leave them out, which is kinder
  /// to designs with much of them.
  public var countsMetadataInDRAM: Bool

  /// Cold, 8 bits, metadata free unless given: the conditions of the reference rows.
  public init(
    memory: Memory = .cold, precision: Precision = .bits8, countsMetadataInDRAM: Bool = false
  ) {
    self.memory = memory
    self.precision = precision
    self.countsMetadataInDRAM = countsMetadataInDRAM
  }
}
