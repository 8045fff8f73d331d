import Datasets
import ModelFormats
import NeuralGraph
import Pruning
import Randomness
import Testing

/// The networks that users bring, pruned from end to end: every layer with a matrix is accounted
/// for, and the packed file gives the masked network's scores (the run itself checks that).
@Suite(.serialized) struct ArchitectureRunTests {
  /// 3x16x16 noise, brighter in one channel for each class.
  private static func dataset() throws -> ImageDataset {
    func images(each: Int, seed: UInt64) throws -> LabelledImages {
      var generator = SeededGenerator(seed: seed)
      let labels = (0..<3 * each).map { $0 % 3 }
      let pixels = labels.flatMap { label in
        (0..<3 * 256).map { UInt8(generator.nextIndex(below: 120) + ($0 / 256 == label ? 90 : 0)) }
      }
      return try LabelledImages(
        channels: 3, height: 16, width: 16, pixels: pixels, labels: labels, source: "noise")
    }
    return try ImageDataset(
      name: "noise", classes: ["red", "green", "blue"], training: images(each: 20, seed: 1),
      test: images(each: 5, seed: 2))
  }

  /// How many layers get which treatment; counted from the papers' tables.
  struct Expectation: Sendable, CustomTestStringConvertible {
    let architecture: Architecture
    let hybrid: Int
    let depthwise: Int
    let first: String
    let classifier: String
    var testDescription: String { architecture.rawValue }
  }

  static let expectations = [
    // 16 bottlenecks of 3 and 4 projections.
    Expectation(
      architecture: .resnet50, hybrid: 52, depthwise: 0, first: "conv1", classifier: "fc"),
    // 12 convolutions after the first and 2 hidden linear layers.
    Expectation(
      architecture: .vgg16, hybrid: 14, depthwise: 0, first: "features.0",
      classifier: "classifier.6"),
    // 17 blocks: 16 expansions, 17 projections, the last 1x1.
    Expectation(
      architecture: .mobileNetV2, hybrid: 34, depthwise: 17, first: "features.0.0",
      classifier: "classifier.1"),
  ]

  @Test(arguments: expectations) func everyLayerIsAccountedFor(expected: Expectation) throws {
    let dataset = try Self.dataset()
    let graph = try expected.architecture.graph(
      input: ActivationShape(channels: 3, height: 16, width: 16), classes: 3)
    let universal = try DenseModel(
      description: ModelDescription(
        graph: graph, labels: dataset.classes,
        preprocessing: Preprocessing(
          shape: graph.input, mean: [0.3, 0.3, 0.3], standardDeviation: [0.2, 0.2, 0.2]),
        architecture: expected.architecture.rawValue),
      weights: graph.initialWeights(seed: 1))
    var recipe = PruningRecipe(
      pattern: try HybridPattern(keep: 2, block: 16, rows: 1), sparsity: 0.85)
    recipe.iterations = 1
    recipe.epochsPerIteration = 1
    recipe.denseEpochs = 0
    recipe.finalEpochs = 0
    recipe.samplesPerClass = 8
    recipe.batchSize = 8
    recipe.saliencyBatches = 1
    recipe.augmentation = .none
    let result = try Personalization(
      universal: universal, universalDigest: "0", dataset: dataset,
      profile: ClassProfile(names: ["blue", "red"]), recipe: recipe, threads: 2
    ).run()

    let layers = result.report.layers
    let matrices = graph.nodes.filter { WeightMatrix($0.operation) != nil }
    #expect(layers.map(\.name) == matrices.map(\.name))
    func count(_ treatment: LayerTreatment) -> Int { layers.count { $0.treatment == treatment } }
    #expect(count(.hybrid) == expected.hybrid)
    #expect(count(.denseDepthwise) == expected.depthwise)
    #expect(layers.filter { $0.treatment == .denseFirst }.map(\.name) == [expected.first])
    #expect(layers.filter { $0.treatment == .fineOnly }.map(\.name) == [expected.classifier])
    for layer in layers {
      switch layer.treatment {
      case .hybrid:
        #expect(2 * layer.kept <= layer.rows * layer.columns, "\(layer.name)")
        let (left, all) = try (
          #require(layer.tilesPerBlockRow), #require(layer.tileColumns)
        )
        #expect((1...all).contains(left), "\(layer.name)")
      case .fineOnly:
        #expect(2 * layer.kept == layer.rows * layer.columns, "\(layer.name)")
        #expect(layer.tilesPerBlockRow == layer.tileColumns, "\(layer.name)")
      default:
        #expect(layer.kept == layer.rows * layer.columns, "\(layer.name)")
        #expect(layer.treatment.reasonToStayDense != nil)
      }
    }
    #expect(result.report.globalSparsity >= 0.85)
    #expect(result.report.verificationError <= 1e-4)

    // The file goes back to PyTorch under the architecture's names.
    let packed = try PackedModel(data: result.packed)
    let sliced = try expected.architecture.graph(input: graph.input, classes: 2)
    try sliced.validate(StateDict(packed).weights)
  }
}
