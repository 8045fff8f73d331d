import ModelFormats
import NeuralGraph
import Testing

/// Every architecture at every width goes through every format and comes back.
@Suite struct WidthTests {
  private let image = ActivationShape(channels: 3, height: 32, width: 32)

  private func model(_ architecture: Architecture, width: Double) throws -> DenseModel {
    let graph = try architecture.graph(input: image, classes: 3, width: width)
    return try DenseModel(
      description: ModelDescription(
        graph: graph, labels: ["a", "b", "c"],
        preprocessing: Preprocessing(
          shape: image, mean: [0.5, 0.5, 0.5], standardDeviation: [1, 1, 1],
          orientation: .exif),
        architecture: architecture.title(width: width)),
      weights: graph.weightsWithBatchNorm())
  }

  private func facts() -> StateDictImport {
    var facts = StateDictImport()
    (facts.input, facts.labels) = (image, ["a", "b", "c"])
    (facts.mean, facts.standardDeviation) = ([0.5, 0.5, 0.5], [1, 1, 1])
    return facts
  }

  /// The large networks' own width is what other tests have. The small ResNets' layers have at least eight
  /// channels, so that a half, a quarter and an eighth are one network: which it was, a file does not say.
  private static let cases =
    Architecture.allCases.filter { ![.resnet20, .resnet32].contains($0) }
    .flatMap { architecture in [0.125, 0.25].map { (architecture, $0) } }
    + [(.resnet20, 0.5), (.resnet20, 1), (.mobileNetV2, 1), (.resnet18, 1), (.resnet20, 2)]

  @Test(arguments: cases)
  func stateDictsComeBack(architecture: Architecture, width: Double) throws {
    let model = try model(architecture, width: width)
    let dict = try StateDict(SafetensorsFile(data: StateDict(model).serialized()))
    #expect(dict.weights == model.weights)
    #expect(try facts().model(dict) == model)

    // Folded, as tailored models are: PyTorch's names again, and the same function.
    let (graph, weights) = try model.description.graph.foldingBatchNorm(model.weights)
    let folded = try DenseModel(
      description: model.description.with(graph: graph), weights: weights)
    let unfolded = try StateDict(SafetensorsFile(data: StateDict(folded).serialized()))
    #expect(Set(unfolded.weights.keys) == Set(model.weights.keys))
    let back = try facts().model(unfolded)
    #expect(back.description == model.description)
    let (again, values) = try back.description.graph.foldingBatchNorm(back.weights)
    #expect(again.nodes.map(\.name) == graph.nodes.map(\.name))
    for (name, tensor) in weights {
      let found = try #require(values[name]?.values)
      let error = zip(found, tensor.values).map { abs($0 - $1) }.max() ?? .infinity
      #expect(error < 1e-5, "\(name)")
    }
  }

  /// Channels that were pruned leave layers of any width, and PyTorch's names.
  @Test func layersOfAnyWidthAreOneArchitecture() throws {
    let model = try model(.resnet20, width: 1)
    var graph = model.description.graph
    var weights = model.weights
    // Five of the sixteen channels inside the first block.
    let index = try #require(graph.nodes.firstIndex { $0.name == "layer1.0.conv1" })
    for (offset, node) in graph.nodes[index...(index + 1)].enumerated() {
      switch node.operation {
      case .convolution(var convolution):
        convolution.outChannels = 5
        graph.nodes[index + offset].operation = .convolution(convolution)
      case .batchNorm(_, let epsilon):
        graph.nodes[index + offset].operation = .batchNorm(channels: 5, epsilon: epsilon)
      default: Issue.record("another node")
      }
      for parameter in node.parameters {
        let shape = [5] + parameter.shape.dropFirst()
        weights[parameter.name] = Tensor(shape: shape, filledWith: 0.5)
      }
    }
    let next = try #require(graph.nodes.firstIndex { $0.name == "layer1.0.conv2" })
    if case .convolution(var convolution) = graph.nodes[next].operation {
      convolution.inChannels = 5
      graph.nodes[next].operation = .convolution(convolution)
      weights["layer1.0.conv2.weight"] = Tensor(
        shape: convolution.weightShape, filledWith: 0.25)
    }
    let narrowed = try DenseModel(
      description: ModelDescription(
        graph: graph, labels: model.description.labels,
        preprocessing: model.description.preprocessing, architecture: "resnet20"),
      weights: weights)
    let dict = try StateDict(narrowed)
    #expect(dict.weights == weights)
    let back = try facts().model(dict)
    #expect(back == narrowed)
  }
}
