import ModelFormats
import NeuralGraph
import Pruning
import Randomness

/// A network with random weights: He's deviation over the weights that are kept, so that scores
/// keep their size through any depth at any sparsity.
struct RandomNetwork {
  let description: ModelDescription
  /// Of the folded graph, with nothing masked.
  var weights: Weights
  /// By node, in matrix order; empty for a dense network.
  private(set) var masks: [String: [Bool]] = [:]
  /// Zeros per weight of the layers pruned in blocks.
  private(set) var sparsity = 0.0
  /// Weights of those layers, zeros included.
  private(set) var blockWeights = 0

  init(_ name: NetworkName, seed: UInt64) throws {
    let classes = name.side > ImageForm.largestSmallSide ? 1000 : 100
    let input = ActivationShape(channels: 3, height: name.side, width: name.side)
    let graph = try name.architecture.graph(input: input, classes: classes)
    let (folded, weights) = try graph.foldingBatchNorm(graph.initialWeights(seed: seed))
    description = try ModelDescription(
      graph: folded, labels: (0..<classes).map { "class \($0)" },
      preprocessing: Preprocessing(
        shape: input, mean: [0, 0, 0], standardDeviation: [1, 1, 1]),
      architecture: name.architecture.rawValue)
    self.weights = weights
    if let pattern = name.pattern {
      try mask(pattern, sparsity: name.sparsity, seed: seed)
    }
    try finish(seed: seed)
  }

  private mutating func mask(_ pattern: HybridPattern, sparsity: Double, seed: UInt64) throws {
    let layers = PrunableLayer.layers(of: description.graph)
    let hybrid = layers.filter { $0.treatment == .hybrid }
    func tiles(_ layer: PrunableLayer) -> Int {
      (layer.matrix.columns + pattern.block - 1) / pattern.block
    }
    let allocation = TileAllocation(
      layers: hybrid.map { layer in
        let fine = Double(layer.matrix.count * pattern.keep) / Double(pattern.of)
        return TileAllocation.Layer(
          weights: layer.matrix.count, tiles: tiles(layer),
          keptPerTile: fine / Double(tiles(layer)))
      })
    var keptTiles: [String: Int] = [:]
    for (layer, kept) in zip(hybrid, allocation.keptTiles(sparsity: sparsity)) {
      keptTiles[layer.name] = kept
    }
    var (kept, all) = (0, 0)
    for layer in layers where layer.treatment == .hybrid || layer.treatment == .fineOnly {
      var generator = SeededGenerator(seed: seed, stream: "\(layer.name).mask")
      let mask = pattern.randomMask(
        for: layer.matrix, keptTiles: keptTiles[layer.name] ?? tiles(layer), using: &generator)
      masks[layer.name] = mask
      let count = mask.count { $0 }
      if layer.treatment == .hybrid {
        kept += count
        all += mask.count
      }
      let scale = (Float(mask.count) / Float(count)).squareRoot()
      if var weight = weights.removeValue(forKey: layer.weightName) {
        for index in weight.values.indices { weight.values[index] *= scale }
        weights[layer.weightName] = weight
      }
    }
    blockWeights = all
    self.sparsity = 1 - Double(kept) / Double(all)
  }

  /// Biases that are not zero, so that an engine that forgets them is found out, and weights that
  /// half precision holds exactly, so that both packed files are the same network.
  private mutating func finish(seed: UInt64) throws {
    for parameter in description.graph.parameters() {
      guard var tensor = weights.removeValue(forKey: parameter.name) else { continue }
      if parameter.role == .bias {
        var generator = SeededGenerator(seed: seed, stream: "\(parameter.name).random")
        for index in tensor.values.indices {
          tensor.values[index] = Float(generator.nextGaussian() * 0.1)
        }
      } else {
        for index in tensor.values.indices {
          tensor.values[index] = Float(Float16(tensor.values[index]))
        }
      }
      weights[parameter.name] = tensor
    }
  }
}
