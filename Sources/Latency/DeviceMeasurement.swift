import Dispatch
import ModelFormats
import NeuralGraph
import Pruning
import Randomness
import SparseRuntime

extension DeviceProfile {
  /// Measures a universal model on this machine, one image at a time: its pruned layers with random
  /// tiles of the pattern, once with one tile in each block row and once with half of them. A
  /// layer's line goes through its two times. All else, the classifier too, which a class profile
  /// makes smaller, counts as fixed.
  ///
  /// `rounds` is how often each network runs; the least time counts, for what disturbs only adds.
  public static func measure(
    name: String, model: DenseModel, pattern: HybridPattern, threads: Int = 1, rounds: Int = 30
  ) throws -> DeviceProfile {
    let networks = RandomlyPruned(model, pattern: pattern)
    let sparse = try networks.time(.one, threads: threads, rounds: rounds)
    let denser = try networks.time(.half, threads: threads, rounds: rounds)
    var layers: [String: Layer] = [:]
    for layer in networks.hybrid {
      layers[layer.name] = Layer(
        line: (networks.tiles(layer, .one), sparse.nodes[layer.name] ?? 0),
        (networks.tiles(layer, .half), denser.nodes[layer.name] ?? 0))
    }
    return DeviceProfile(
      name: name, processor: Processor.name, threads: threads, pattern: pattern,
      fixed: rounded((sparse.rest(besides: layers) + denser.rest(besides: layers)) / 2),
      layers: layers)
  }

  /// Whether this profile can predict the times of a network under a pattern: it knows every layer
  /// that has tiles, and its times are times.
  public func covers(_ graph: Graph, pattern: HybridPattern) -> Bool {
    let names = PrunableLayer.layers(of: graph).filter { $0.treatment == .hybrid }.map(\.name)
    func isTime(_ value: Double) -> Bool { value >= 0 && value.isFinite }
    return self.pattern == pattern && isTime(fixed)
      && names.allSatisfy { layers[$0] != nil }
      && layers.values.allSatisfy { isTime($0.perRankColumn) && isTime($0.fixed) }
  }

  /// To a nanosecond: a profile is written into every recipe that uses it.
  fileprivate static func rounded(_ milliseconds: Double) -> Double {
    (milliseconds * 1e6).rounded() / 1e6
  }
}

extension DeviceProfile.Layer {
  /// The line through two points, tiles of a block row against milliseconds, that neither falls nor
  /// starts below zero.
  package init(line sparse: (tiles: Int, time: Double), _ denser: (tiles: Int, time: Double)) {
    let rise =
      (denser.time - sparse.time) / Double(max(1, denser.tiles - sparse.tiles))
    if denser.tiles <= sparse.tiles || rise <= 0 {
      self.init(
        perRankColumn: 0, fixed: DeviceProfile.rounded(max(0, min(sparse.time, denser.time))))
    } else {
      let slope = min(rise, denser.time / Double(denser.tiles))
      self.init(
        perRankColumn: DeviceProfile.rounded(slope),
        fixed: DeviceProfile.rounded(max(0, denser.time - slope * Double(denser.tiles))))
    }
  }
}

/// A universal model whose masks are drawn: as fast as a tailored one, without a run.
private struct RandomlyPruned {
  /// Tiles that are kept of each block row.
  enum Density { case one, half }

  /// Milliseconds of one image.
  struct Times {
    /// By node.
    var nodes: [String: Double]
    /// Of all.
    var total: Double

    /// What is not spent in the layers given.
    func rest(besides layers: [String: DeviceProfile.Layer]) -> Double {
      let inside = nodes.reduce(0) { $0 + (layers[$1.key] == nil ? 0 : $1.value) }
      let others = nodes.reduce(0) { $0 + (layers[$1.key] == nil ? $1.value : 0) }
      // Reading the image and writing the scores belongs to no node.
      return max(others, total - inside)
    }
  }

  let model: DenseModel
  let pattern: HybridPattern
  let layers: [PrunableLayer]

  init(_ model: DenseModel, pattern: HybridPattern) {
    self.model = model
    self.pattern = pattern
    layers = PrunableLayer.layers(of: model.description.graph).filter(\.treatment.isPrunable)
  }

  var hybrid: [PrunableLayer] { layers.filter { $0.treatment == .hybrid } }

  func tiles(_ layer: PrunableLayer, _ density: Density) -> Int {
    let columns = TileGrid(layer.matrix, block: pattern.block).blockColumns
    guard layer.treatment == .hybrid else { return columns }
    // Two at least, where there are two: one time says nothing of a tile.
    return density == .one ? 1 : min(columns, max(2, (columns + 1) / 2))
  }

  func time(_ density: Density, threads: Int, rounds: Int) throws -> Times {
    let session = try Session(model: packed(density), batchCapacity: 1, threads: threads)
    let image = [Float](repeating: 0.5, count: session.inputShape.count)
    var nodes: [String: Double] = [:]
    for timing in try session.profile(images: image, count: 1, rounds: rounds) {
      nodes[timing.name, default: 0] += timing.microseconds / 1000
    }
    var least = UInt64.max
    for _ in 0..<max(1, rounds) {
      let start = DispatchTime.now().uptimeNanoseconds
      _ = try session.run(images: image, count: 1)
      least = min(least, DispatchTime.now().uptimeNanoseconds - start)
    }
    return Times(nodes: nodes, total: Double(least) / 1e6)
  }

  private func packed(_ density: Density) throws -> PackedModel {
    let (graph, weights) = try model.description.graph.foldingBatchNorm(model.weights)
    var generator = SeededGenerator(seed: 0, stream: "device")
    var masks: [String: [Bool]] = [:]
    for layer in layers {
      masks[layer.name] = pattern.randomMask(
        for: layer.matrix, keptTiles: tiles(layer, density), using: &generator)
    }
    return try PackedModel(
      description: model.description.with(graph: graph), pattern: pattern, weights: weights,
      masks: masks, provenance: Provenance())
  }
}
