import Foundation
import ModelFormats
import NeuralGraph
import Randomness
import Testing

/// State dicts of PyTorch, written and read.
@Suite struct StateDictTests {
  private let image = ActivationShape(channels: 1, height: 28, width: 28)

  private func dense(_ architecture: Architecture, classes: Int = 3) throws -> DenseModel {
    let graph = try architecture.graph(input: image, classes: classes)
    return try DenseModel(
      description: ModelDescription(
        graph: graph, labels: (0..<classes).map { "class \($0)" },
        preprocessing: Preprocessing(shape: image, mean: [0.5], standardDeviation: [0.25]),
        architecture: architecture.rawValue, dataset: "toy"),
      weights: graph.weightsWithBatchNorm())
  }

  /// The model without batch norm, some of its weights cut.
  private func packed(_ dense: DenseModel) throws -> PackedModel {
    let (graph, weights) = try dense.description.graph.foldingBatchNorm(dense.weights)
    let pattern = try HybridPattern(keep: 2, block: 8, rows: 1)
    var generator = SeededGenerator(seed: 5)
    var masks: [String: [Bool]] = [:]
    for node in graph.nodes {
      guard let matrix = WeightMatrix(node.operation), node.name != "conv1" else { continue }
      if case .convolution(let c) = node.operation, c.groups > 1 { continue }
      masks[node.name] = pattern.randomMask(for: matrix, keptTiles: 2, using: &generator)
    }
    return try PackedModel(
      description: dense.description.with(graph: graph), pattern: pattern, weights: weights,
      masks: masks, provenance: Provenance())
  }

  @Test func denseModelsKeepTheirTensors() throws {
    let model = try dense(.resnet20)
    let file = try SafetensorsFile(data: StateDict(model).serialized())
    #expect(file.metadata == ["format": "pt", "architecture": "resnet20"])
    let counters = file.entries.filter { $0.key.hasSuffix(".num_batches_tracked") }
    #expect(counters.count == 21)
    for (name, entry) in counters {
      #expect(entry.type == .int64 && entry.shape.isEmpty, "\(name)")
    }
    #expect(file.entries["layer2.0.downsample.1.num_batches_tracked"] != nil)
    #expect(StateDict.matches(file))
    #expect(try StateDict(file).weights == model.weights)
  }

  /// What PyTorch's network needs and the packed one no longer has: names and shapes of the
  /// architecture, and the same function.
  @Test(arguments: [Architecture.resnet20, .mobileNetV2])
  func packedModelsGetTheirBatchNormBack(architecture: Architecture) throws {
    let model = try packed(dense(architecture))
    let dict = try StateDict(SafetensorsFile(data: StateDict(model).serialized()))
    let graph = try architecture.graph(input: image, classes: 3)
    try graph.validate(dict.weights, ignoringSuffix: "nothing")

    let (folded, weights) = try graph.foldingBatchNorm(dict.weights)
    #expect(folded == model.description.graph)
    var zeros = 0
    for (name, expected) in try model.denseWeights() {
      let found = try weights.tensor(name).values
      for (a, b) in zip(found, expected.values) where abs(a - b) > 1e-6 * max(1, abs(b)) {
        Issue.record("\(name): \(a) is not \(b)")
        break
      }
      zeros += found.count { $0 == 0 }
    }
    #expect(zeros > 100_000, "what was cut is still zero")
  }

  /// VGG-16 with batch norm has a constant in both layers; one of them becomes zero.
  @Test func layersWithTheirOwnConstantsUnfoldToo() throws {
    let small = ActivationShape(channels: 1, height: 8, width: 8)
    let graph = try Architecture.vgg16BN.graph(input: small, classes: 2)
    var weights: Weights = [:]
    for parameter in graph.parameters() {
      weights[parameter.name] = Tensor(shape: parameter.shape, filledWith: 0.25)
    }
    let (folded, foldedWeights) = try graph.foldingBatchNorm(weights)
    let model = try DenseModel(
      description: ModelDescription(
        graph: folded, labels: ["a", "b"],
        preprocessing: Preprocessing(shape: small, mean: [0], standardDeviation: [1]),
        architecture: Architecture.vgg16BN.rawValue),
      weights: foldedWeights)
    let dict = try StateDict(model)
    try graph.validate(dict.weights)
    let constant = try foldedWeights.tensor("features.40.bias")
    #expect(constant.values[0] != 0)
    #expect(try dict.weights.tensor("features.41.bias") == constant)
    #expect(try dict.weights.tensor("features.40.bias").values.allSatisfy { $0 == 0 })
    #expect(try dict.weights.tensor("features.41.running_var").values.allSatisfy { $0 == 1 })
    #expect(
      try dict.weights.tensor("features.41.weight").values.allSatisfy {
        $0 == Float(1 + 1e-5).squareRoot()
      })
  }

  @Test func modelsWithoutArchitectureKeepTheirNames() throws {
    let model = try TestModels.packed()
    #expect(try StateDict(model).weights == model.denseWeights())
    let dense = try TestModels.dense()
    #expect(try StateDict(dense).weights == dense.weights)
  }

  /// Names that PyTorch's module would not know are better than none.
  @Test func whereTheArchitectureDoesNotFitNamesStay() throws {
    let wrong = try dense(.resnet20)
    let description = try ModelDescription(
      graph: wrong.description.graph, labels: wrong.description.labels,
      preprocessing: wrong.description.preprocessing, architecture: "resnet32")
    let model = try DenseModel(description: description, weights: wrong.weights)
    #expect(try StateDict(model).weights == wrong.weights)
  }

  @Test func modelFilesAreNoStateDicts() throws {
    let folder = FileManager.default.temporaryDirectory
    let url = folder.appendingPathComponent("crisp-\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try dense(.resnet20).serialized().write(to: url)
    #expect(try StateDict(ifAt: url) == nil)
    try StateDict(dense(.resnet20)).serialized().write(to: url)
    #expect(try StateDict(ifAt: url) != nil)
    try Data("no safetensors".utf8).write(to: url)
    let error = #expect(throws: FormatError.self) { try StateDict(ifAt: url) }
    #expect(error?.description.contains(url.path) == true)
  }
}
