/// Where a layer's cycles and energy go.
public struct ProductEstimate: Sendable, Equatable {
  /// Parts of the machine that can be what a layer waits for.
  public enum Bound: String, Sendable, CaseIterable, Codable {
    case compute
    case sharedMemory = "shared_memory"
    case dram
  }

  /// Cycles that each part would need by itself. They overlap: the largest one is the layer's.
  public struct Cycles: Sendable, Equatable {
    /// Of the processing elements.
    public var compute: Double
    /// Of shared memory's words.
    public var sharedMemory: Double
    /// Of bytes from or to DRAM, the slower of both.
    public var dram: Double

    /// Cycles of the layer.
    public var total: Double { max(compute, sharedMemory, dram) }
    /// The part that decides; the processing elements where two are level.
    public var bound: Bound {
      compute >= max(sharedMemory, dram)
        ? .compute : sharedMemory >= dram ? .sharedMemory : .dram
    }
  }

  /// Microjoules by level.
  public struct Energy: Sendable, Equatable {
    /// Of multiply-adds.
    public var multiplies: Double
    /// Of registers in the processing elements.
    public var elements: Double
    /// Of sums in register files.
    public var registers: Double
    /// Of shared memory, metadata included.
    public var sharedMemory: Double
    /// Of DRAM.
    public var dram: Double

    /// Of all levels.
    public var total: Double { multiplies + elements + registers + sharedMemory + dram }
  }

  /// Cycles by part.
  public var cycles: Cycles
  /// Energy by level.
  public var energy: Energy
}
