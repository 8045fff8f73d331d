import Inputs
import ModelFormats
import NeuralGraph

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

  /// Milliseconds that anything may take. A difference of measurements may be a little below zero.
  private static let times = InputRange(-1e6...1e6)

  /// Throws `invalidRecipe` on the first number that is out of range.
  public func validate() throws(PruningError) {
    func check<Value>(_ field: String, _ value: Value, _ range: InputRange<Value>)
      throws(PruningError)
    {
      guard range.contains(value) else {
        throw .invalidRecipe(field: "device.\(field)", reason: range.requirement())
      }
    }
    try check("threads", threads, InputRange(1...1024))
    try check("fixed", fixed, DeviceProfile.times)
    for (name, layer) in layers.sorted(by: { $0.key < $1.key }) {
      let name = "layers.\(name)"
      try check("\(name).per_rank_column", layer.perRankColumn, InputRange(0...1e6))
      try check("\(name).fixed", layer.fixed, DeviceProfile.times)
    }
  }

  /// Milliseconds that it predicts for one image of a network whose layers with tiles all have a
  /// sparsity: what a sparsity costs with the profile's pattern, before anybody prunes. Nil where N:M
  /// alone is sparser. Throws `invalidRecipe` when the profile does not know a layer.
  public func milliseconds(of graph: Graph, sparsity: Double) throws(PruningError) -> Double? {
    let share = (1 - sparsity) * Double(pattern.of) / Double(pattern.keep)
    guard share <= 1 else { return nil }
    let masks = PrunableLayer.layers(of: graph).filter { $0.treatment == .hybrid }
      .map { LayerMask($0, pattern: pattern) }
    let resource = try ResourceModel.milliseconds(masks, device: self)
    return zip(masks, resource.layers).reduce(resource.fixed) { sum, pair in
      let kept = max(1, (share * Double(pair.0.grid.blockColumns)).rounded())
      return sum + pair.1.cost(weights: 0, tiles: Int(kept) * pair.0.grid.blockRows)
    }
  }

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
