import Foundation
import ModelFormats
import NeuralGraph
import ONNXModels
import Pruning
import Randomness
import SparseRuntime
import Testing

/// Every network that can be named, of several widths and with channels removed, is written in every
/// format and read again. One at a time: they are large.
@Suite(.serialized) struct EveryFormatTests {
  struct Network: Sendable, CustomTestStringConvertible {
    let architecture: Architecture
    var width = 1.0
    var side = 32
    /// Whether each layer has lost channels of its own, as channel pruning leaves it.
    var isNarrowed = false
    var testDescription: String {
      "\(architecture.title(width: width)) of \(side)\(isNarrowed ? ", channels removed" : "")"
    }
  }

  /// Both forms of each architecture (224 pixels make a photograph), and widths down to the least. Full
  /// width where the network is small; elsewhere other tests have it.
  private static let networks =
    Architecture.allCases.flatMap { architecture in
      [
        Network(architecture: architecture, width: 0.125),
        Network(architecture: architecture, width: 0.25),
        Network(architecture: architecture, width: 0.125, side: 224),
        Network(architecture: architecture, width: 0.25, isNarrowed: true),
        Network(architecture: architecture, width: 0.25, side: 224, isNarrowed: true),
      ]
    } + [
      Network(architecture: .resnet20), Network(architecture: .resnet20, isNarrowed: true),
      Network(architecture: .resnet20, width: 2), Network(architecture: .mobileNetV2),
    ]

  private static let labels = ["a, b", "c=d", "é \"e\""]

  private func dense(_ network: Network) throws -> DenseModel {
    let image = ActivationShape(channels: 3, height: network.side, width: network.side)
    var graph = try network.architecture.graph(
      input: image, classes: Self.labels.count, width: network.width)
    var generator = SeededGenerator(seed: 7)
    var weights = graph.initialWeights(seed: 3)
    if network.isNarrowed {
      let groups = try ChannelGroups(graph)
      let kept = groups.channels.filter { !groups.fixed.contains($0.key) }
        .sorted { $0.key < $1.key }
        .map { group, count in
          (group, (0..<count).filter { $0 == 0 || generator.nextIndex(below: 3) > 0 })
        }
      (graph, weights) = try graph.keeping(
        Dictionary(uniqueKeysWithValues: kept), groups: groups, weights: weights)
    }
    for parameter in graph.parameters() where parameter.shape.count == 1 {
      weights[parameter.name] = try Tensor(
        shape: parameter.shape,
        values: (0..<parameter.shape[0]).map { _ in
          Float.random(in: 0.75...1.25, using: &generator)
        })
    }
    let facts = facts(image)
    return try DenseModel(
      description: ModelDescription(
        graph: graph, labels: Self.labels, preprocessing: facts.preprocessing(for: image),
        architecture: network.architecture.title(width: network.width)),
      weights: weights, training: #"{"epochs":3}"#)
  }

  private func packed(_ dense: DenseModel) throws -> PackedModel {
    let (graph, weights) = try dense.description.graph.foldingBatchNorm(dense.weights)
    let pattern = try HybridPattern(keep: 2, block: 8, rows: 1)
    var generator = SeededGenerator(seed: 5)
    var masks: [String: [Bool]] = [:]
    for node in graph.nodes.dropFirst() {
      guard let matrix = WeightMatrix(node.operation) else { continue }
      if case .convolution(let c) = node.operation, c.groups > 1 { continue }
      masks[node.name] = pattern.randomMask(for: matrix, keptTiles: 2, using: &generator)
    }
    return try PackedModel(
      description: dense.description.with(graph: graph), pattern: pattern, weights: weights,
      masks: masks, provenance: Provenance(seed: 1, generator: "tests"))
  }

  /// What a user says of a state dict; its architecture and channels it says itself.
  private func facts(_ image: ActivationShape) -> StateDictImport {
    var facts = StateDictImport()
    (facts.input, facts.labels) = (image, Self.labels)
    (facts.mean, facts.standardDeviation) = ([0.5, 0.25, 0.125], [1, 0.5, 0.25])
    return facts
  }

  /// Graphs are too long to be shown.
  private func expectSame(
    _ a: ModelDescription, _ b: ModelDescription,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let isSame = a == b
    #expect(
      isSame, "\(a.architecture ?? "-") \(b.architecture ?? "-")", sourceLocation: sourceLocation)
  }

  @Test(arguments: networks) func comesBack(network: Network) throws {
    let dense = try dense(network)
    let image = dense.description.graph.input
    #expect(try DenseModel(data: dense.serialized()) == dense)
    #expect(try ONNXImport.model(data: ONNXExport.data(dense)) == dense, "ONNX")
    let dict = try StateDict(SafetensorsFile(data: StateDict(dense).serialized()))
    let again = try facts(image).model(dict)
    expectSame(again.description, dense.description)
    #expect(again.weights == dense.weights)
    // As PyTorch writes them: tensors alone. The small networks' layers have eight channels at least, so
    // that several widths are one network.
    let told = try facts(image).model(StateDict(weights: dict.weights)).description
    let isSame = told.graph == dense.description.graph
    #expect(isSame, "tensors alone")
    #expect(told.architecture.flatMap { Architecture(title: $0) } == network.architecture)

    let packed = try packed(dense)
    #expect(try PackedModel(data: packed.serialized()) == packed)
    let onnx = try ONNXImport.model(data: ONNXExport.data(packed))
    expectSame(onnx.description, packed.description)
    #expect(try onnx.weights == packed.denseWeights())
    // PyTorch's names: batch norm stands for itself again, so that rounding differs.
    let unfolded = try facts(image).model(
      StateDict(SafetensorsFile(data: StateDict(packed).serialized())))
    #expect(Set(unfolded.weights.keys) == Set(dense.weights.keys))
    expectSame(unfolded.description, dense.description)
    let pixels = (0..<image.count).map { Float($0 * 37 % 101) / 101 }
    let expected = try Session(model: packed, batchCapacity: 1).run(images: pixels, count: 1)
    let found = try Session(model: unfolded, batchCapacity: 1).run(images: pixels, count: 1)
    let largest = expected.map(abs).max() ?? 0
    #expect(largest > 0 && largest.isFinite)
    for (a, b) in zip(expected, found) {
      #expect(abs(a - b) <= 1e-3 * largest, "\(expected) \(found)")
    }
  }
}
