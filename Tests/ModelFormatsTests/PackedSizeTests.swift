import Foundation
import ModelFormats
import NeuralGraph
import Testing

/// What a pruned ResNet-50 weighs, in parts of its dense weights as halves. A file's size follows
/// from the shapes and the pattern alone, so the weights here are all zero.
@Suite struct PackedSizeTests {
  /// Tiles of B = 16, each row for itself. The sparsity counts all convolutions but the first, and
  /// the classifier, which keeps all its tiles.
  private func model(keep: Int, sparsity: Double) throws -> PackedModel {
    let input = ActivationShape(channels: 3, height: 224, width: 224)
    let unfolded = try Architecture.resnet50.graph(input: input, classes: 1000)
    var weights: Weights = [:]
    for parameter in unfolded.parameters() {
      weights[parameter.name] = Tensor(shape: parameter.shape, filledWith: 0)
    }
    let (graph, dense) = try unfolded.foldingBatchNorm(weights)
    let pattern = try HybridPattern(keep: keep, block: 16)
    let prunable = graph.nodes.compactMap { node in
      WeightMatrix(node.operation).map { (name: node.name, matrix: $0) }
    }.dropFirst()
    let all = prunable.reduce(0) { $0 + $1.matrix.count }
    func tiles(_ name: String, _ matrix: WeightMatrix, share: Int) -> Int {
      let tiles = matrix.columns / 16
      return name == "fc" ? tiles : max(1, (tiles * share + 256) / 512)
    }
    // The largest share of tiles, in 512ths and the same for every layer, that leaves enough zeros.
    let share = (0...512).last { share in
      let kept = prunable.reduce(0) {
        $0 + $1.matrix.rows * tiles($1.name, $1.matrix, share: share) * pattern.slotsPerRow
      }
      return Double(kept) <= (1 - sparsity) * Double(all)
    }
    let packed = try prunable.map { name, matrix in
      try layer(
        name, matrix, pattern, keptTiles: tiles(name, matrix, share: #require(share)))
    }
    let kept = Double(packed.reduce(0) { $0 + $1.keptWeights }) / Double(all)
    #expect(kept <= 1 - sparsity && kept > 0.98 * (1 - sparsity))
    return try PackedModel(
      description: ModelDescription(
        graph: graph, labels: (0..<1000).map { "class \($0)" },
        preprocessing: Preprocessing(
          shape: input, mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225]),
        architecture: "resnet50", dataset: "imagenet"),
      pattern: pattern, layers: packed,
      dense: dense.filter { name, _ in !packed.contains { "\($0.name).weight" == name } },
      provenance: Provenance())
  }

  private func layer(
    _ name: String, _ matrix: WeightMatrix, _ pattern: HybridPattern, keptTiles: Int
  ) throws -> PackedLayer {
    let blockRows = (matrix.rows + 15) / 16
    let slots = blockRows * keptTiles * pattern.slotsPerTile
    let group = (0..<pattern.keep).map { UInt8($0) }
    return try PackedLayer(
      name: name, matrix: matrix, pattern: pattern, keptTiles: keptTiles,
      values: [Float](repeating: 0, count: slots),
      blockColumns: (0..<blockRows).flatMap { _ in 0..<UInt16(keptTiles) },
      positions: Array(repeatElement(group, count: slots / pattern.keep).joined()))
  }

  @Test(arguments: [(2, 0.8, 0.23), (1, 0.95, 0.06)])
  func prunedResNet50(keep: Int, sparsity: Double, limit: Double) throws {
    let model = try model(keep: keep, sparsity: sparsity)
    let weights = model.description.graph.parameters().reduce(0) {
      $0 + (Tensor.count(of: $1.shape) ?? 0)
    }
    let bytes = try model.serialized(precision: .float16).count
    #expect(Double(bytes) <= limit * Double(2 * weights))
  }
}
