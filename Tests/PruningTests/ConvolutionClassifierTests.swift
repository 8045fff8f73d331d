import ModelFormats
import ModelInputs
import NeuralGraph
import Pruning
import SparseRuntime
import TestSupport
import Testing
import Training

/// Networks whose classifier is a convolution: before the pooling, as SqueezeNet's and Network in
/// Network's, or after it, as timm's ResNetV2. Whole runs with them, and what cannot be sliced.
@Suite struct ConvolutionClassifierTests {
  /// What follows the last features, from 20 channels of 4x4 to one score a class.
  enum Head: String, CaseIterable, Sendable {
    case beforePooling, afterPooling, followed
  }

  private func model(_ head: Head, _ toy: ToyProblem, kernel: Int = 1) throws -> DenseModel {
    let classes = toy.dataset.classes.count
    let graph = toy.model.description.graph
    let index = try #require(graph.nodes.firstIndex { $0.name == "conv2" })
    var nodes = Array(graph.nodes[..<index])
    let features = try #require(graph.nodes[index].inputs.first)
    func add(_ name: String, _ operation: Operation, _ input: String) {
      nodes.append(Node(name: name, operation: operation, inputs: [input]))
    }
    let convolution = Operation.convolution(
      Convolution(
        inChannels: 20, outChannels: classes,
        window: Window(kernel: kernel, padding: kernel / 2), bias: head != .followed))
    switch head {
    case .beforePooling:
      add("head", convolution, features)
      add("relu", .relu(limit: nil), "head")
      add("pool", .globalAveragePool, "relu")
    case .afterPooling:
      add("mean", .globalAveragePool, features)
      add("pool", convolution, "mean")
    case .followed:
      add("head", convolution, features)
      add("norm", .batchNorm(channels: classes, epsilon: 1e-5), "head")
      add("scale", .scaleShift(channels: classes), "norm")
      add("pool", .globalAveragePool, "scale")
    }
    let made = Graph(input: graph.input, nodes: nodes, output: "pool")
    var weights = made.initialWeights(seed: 6)
    for (name, tensor) in toy.model.weights where weights[name]?.shape == tensor.shape {
      weights[name] = tensor
    }
    // Different for each class, so that a wrong slice shows.
    for name in [
      "head.bias", "pool.bias", "norm.weight", "norm.bias", "scale.weight", "scale.bias",
    ] {
      guard let shape = weights[name]?.shape else { continue }
      weights[name] = try Tensor(
        shape: shape, values: (0..<classes).map { 0.5 + Float($0) / 8 })
    }
    return try DenseModel(
      description: toy.model.description.with(graph: made), weights: weights)
  }

  private func scores(_ model: DenseModel, _ images: [Float]) throws -> [Float] {
    try Network(graph: model.description.graph, weights: model.weights, threads: 1)
      .forward(images, count: 1, mode: .inference)
  }

  @Test(arguments: Head.allCases) func scoresOfKeptClassesDoNotChange(head: Head) throws {
    let toy = try #require(PersonalizationTests.toy)
    let whole = try model(head, toy)
    let sliced = try whole.sliced(to: [4, 1])
    #expect(sliced.description.labels == ["middle", "top right"])
    let images = (0..<64).map { Float($0) / 32 - 1 }
    let (all, two) = (try scores(whole, images), try scores(sliced, images))
    #expect(two.count == 2)
    #expect(abs(two[0] - all[4]) < 1e-5)
    #expect(abs(two[1] - all[1]) < 1e-5)
  }

  @Test(arguments: Head.allCases) func theyArePersonalized(head: Head) throws {
    let toy = try #require(PersonalizationTests.toy)
    let model = try model(head, toy)
    let layer = try #require(model.description.graph.classifier).layer
    #expect(
      PrunableLayer.layers(of: model.description.graph).first { $0.name == layer.name }?.treatment
        == .fineOnly)
    let result = try Personalization(
      universal: model, universalDigest: "0", dataset: toy.dataset,
      profile: ClassProfile(names: ["top left", "bottom right", "middle"]),
      recipe: PersonalizationTests.recipe(sparsity: 0.6), threads: 1
    ).run()
    let packed = try PackedModel(data: result.packed)
    #expect(packed.description.labels.count == 3)
    // All tiles of the classifier stay.
    let kept = try #require(packed.layers[layer.name])
    #expect(kept.keptTiles == kept.blockColumnCount)
    // Measured by the sparse runtime on the file that was written.
    #expect(result.report.pruned.test.counts.reduce(0, +) == 60)
  }

  /// What a target can reach counts every tap of a classifier.
  @Test func budgetsCountAllTaps() throws {
    let toy = try #require(PersonalizationTests.toy)
    func least(kernel: Int) throws -> Double {
      var recipe = try PersonalizationTests.recipe(sparsity: 0.6)
      recipe.target = .multiplyAccumulates(1)
      let model = try model(.beforePooling, toy, kernel: kernel)
      let error = #expect(throws: PruningError.self) {
        try Personalization.check(
          recipe, profile: ClassProfile(names: ["top left", "middle"]),
          universal: model.description)
      }
      guard case .targetOutOfReach(_, _, let least) = error else { return .nan }
      return least
    }
    // 4x4 positions, two classes, 20 channels, half of them kept: eight taps more.
    #expect(try least(kernel: 3) - least(kernel: 1) == 16 * 2 * 20 / 2 * 8)
  }

  @Test func whatMixesClassesIsNoClassifier() throws {
    let toy = try #require(PersonalizationTests.toy)
    let good = try model(.afterPooling, toy)
    func classifier(_ edit: (inout Graph) -> Void) -> Classifier? {
      var graph = good.description.graph
      edit(&graph)
      return graph.classifier
    }
    #expect(classifier { _ in }?.layer.name == "pool")
    // Its scores read twice.
    #expect(
      classifier {
        $0.nodes.append(Node(name: "twice", operation: .add, inputs: ["pool", "pool"]))
        $0.output = "twice"
      } == nil)
    // A map of scores.
    #expect(
      classifier { graph in
        graph.nodes = graph.nodes.filter { $0.name != "mean" && $0.name != "pool" }
        graph.output = graph.nodes.last?.name ?? ""
      } == nil)
    let mixed = try DenseModel(
      description: ModelDescription(
        graph: Graph(
          input: good.description.graph.input,
          nodes: good.description.graph.nodes + [
            Node(name: "twice", operation: .add, inputs: ["pool", "pool"])
          ], output: "twice"), labels: good.description.labels,
        preprocessing: good.description.preprocessing), weights: good.weights)
    let error = #expect(throws: PruningError.self) { try mixed.sliced(to: [0, 1]) }
    #expect(error?.code == "no_classifier")
    #expect(error?.description.contains("'twice'") == true)
  }

  /// Transparency is no copy of a colour.
  @Test func picturesHaveOneOrThreeChannels() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      Pictures.png(
        width: 2, height: 2, channels: 4, pixels: [UInt8](repeating: 128, count: 16)),
      to: "rgba.png")
    for channels in 1...5 {
      let preprocessing = try Preprocessing(
        shape: ActivationShape(channels: channels, height: 2, width: 2),
        mean: [Float](repeating: 0, count: channels),
        standardDeviation: [Float](repeating: 1, count: channels))
      guard channels == 1 || channels == 3 else {
        let error = #expect(throws: FormatError.self) {
          try preprocessing.input(file: folder.file("rgba.png"))
        }
        #expect(error?.description.contains("the model reads \(channels)") == true)
        continue
      }
      #expect(try preprocessing.input(file: folder.file("rgba.png")).count == 4 * channels)
    }
  }
}
