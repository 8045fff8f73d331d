import ModelFormats

/// What a network costs on one device, layer by layer, measured once: with it, milliseconds can be
/// a target (Documentation/method.md, "Budgets"). It is part of the recipe, so that a run can be
/// repeated on another machine.
public struct DeviceProfile: Sendable, Hashable, Codable {
  /// Slope and intercept of a layer's time over the tiles that it keeps in each block row.
  public struct Layer: Sendable, Hashable, Codable {
    /// Milliseconds of every kept tile of a block row, all block rows together.
    public var perRankColumn: Double
    /// Milliseconds beside them.
    public var fixed: Double

    enum CodingKeys: String, CodingKey {
      case perRankColumn = "per_rank_column"
      case fixed
    }

    /// Times as given.
    public init(perRankColumn: Double, fixed: Double) {
      self.perRankColumn = perRankColumn
      self.fixed = fixed
    }
  }

  /// What the operator calls the device.
  public var name: String
  /// The processor's name.
  public var processor: String
  /// Threads that a session uses there.
  public var threads: Int
  /// The pattern that was measured.
  public var pattern: HybridPattern
  /// Milliseconds of everything but the layers below, for one image.
  public var fixed: Double
  /// Layers with tiles, by node.
  public var layers: [String: Layer]

  /// A profile as given.
  public init(
    name: String, processor: String, threads: Int, pattern: HybridPattern, fixed: Double,
    layers: [String: Layer]
  ) {
    self.name = name
    self.processor = processor
    self.threads = threads
    self.pattern = pattern
    self.fixed = fixed
    self.layers = layers
  }
}
