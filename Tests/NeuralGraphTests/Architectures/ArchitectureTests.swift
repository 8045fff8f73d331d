import NeuralGraph
import Testing

@Suite struct ArchitectureTests {
  private let image = ActivationShape(channels: 1, height: 28, width: 28)

  private func learned(_ graph: Graph) -> Int {
    graph.parameters().filter { $0.role != .statistic }
      .reduce(0) { $0 + (Tensor.count(of: $1.shape) ?? 0) }
  }

  /// Counted in PyTorch's terms: convolutions without bias, batch norm's scale and shift, the
  /// classifier with bias, projection shortcuts.
  @Test func sizes() throws {
    let small = try Architecture.resnet20.graph(input: image, classes: 10)
    #expect(learned(small) == 272_186)
    #expect(small.parameters().count == 107)
    let deep = try Architecture.resnet32.graph(input: image, classes: 10)
    // Two more blocks per stage: 2 x (2 x 9c² + 4c) each for c = 16, 32, 64.
    #expect(learned(deep) == 272_186 + 2 * (4672 + 18560 + 73984))
    let colour = ActivationShape(channels: 3, height: 32, width: 32)
    let wide = try Architecture.resnet20.graph(input: colour, classes: 100)
    #expect(learned(wide) == 272_186 + 2 * 16 * 9 + 90 * 65)
  }

  /// torchvision's names, so that a state dict of PyTorch fits without renaming.
  @Test func tensorNamesAndShapes() throws {
    var expected: [String: [Int]] = [:]
    func norm(_ name: String, _ channels: Int) {
      for field in ["weight", "bias", "running_mean", "running_var"] {
        expected["\(name).\(field)"] = [channels]
      }
    }
    expected["conv1.weight"] = [16, 1, 3, 3]
    norm("bn1", 16)
    for (block, (before, after)) in [
      ("layer1.0", (16, 16)), ("layer1.1", (16, 16)), ("layer1.2", (16, 16)),
      ("layer2.0", (16, 32)), ("layer2.1", (32, 32)), ("layer2.2", (32, 32)),
      ("layer3.0", (32, 64)), ("layer3.1", (64, 64)), ("layer3.2", (64, 64)),
    ] {
      expected["\(block).conv1.weight"] = [after, before, 3, 3]
      expected["\(block).conv2.weight"] = [after, after, 3, 3]
      norm("\(block).bn1", after)
      norm("\(block).bn2", after)
      if before != after {
        expected["\(block).downsample.0.weight"] = [after, before, 1, 1]
        norm("\(block).downsample.1", after)
      }
    }
    expected["fc.weight"] = [10, 64]
    expected["fc.bias"] = [10]
    let parameters = try Architecture.resnet20.graph(input: image, classes: 10).parameters()
    #expect(Dictionary(parameters.map { ($0.name, $0.shape) }) { a, _ in a } == expected)
    #expect(Set(parameters.map(\.name)).count == parameters.count)
  }

  @Test func rolesOfTheTensors() throws {
    let parameters = try Architecture.resnet20.graph(input: image, classes: 10).parameters()
    let roles = Dictionary(parameters.map { ($0.name, $0.role) }) { a, _ in a }
    #expect(roles["conv1.weight"] == .weight)
    #expect(roles["bn1.weight"] == .scale)
    #expect(roles["bn1.bias"] == .bias)
    #expect(roles["bn1.running_mean"] == .statistic)
    #expect(roles["bn1.running_var"] == .statistic)
    #expect(roles["layer2.0.downsample.0.weight"] == .weight)
    #expect(roles["fc.weight"] == .weight)
    #expect(roles["fc.bias"] == .bias)
  }

  @Test func stagesHalveThePicture() throws {
    let shapes = try Architecture.resnet20.graph(input: image, classes: 10).shapes()
    for (name, shape) in [
      "relu1": "16x28x28", "layer1.2.relu2": "16x28x28", "layer2.0.add": "32x14x14",
      "layer2.0.downsample.1": "32x14x14", "layer3.2.relu2": "64x7x7", "avgpool": "64x1x1",
      "fc": "10x1x1",
    ] { #expect(shapes[name]?.description == shape, "\(name)") }
  }

  @Test func namesAreParsed() throws {
    #expect(try Architecture(named: "resnet20") == .resnet20)
    #expect(try Architecture(named: "resnet32") == .resnet32)
    for name in ["ResNet20", "resnet", "", "vgg16"] {
      #expect(throws: GraphError.unknownArchitecture(name, known: ["resnet20", "resnet32"])) {
        try Architecture(named: name)
      }
    }
  }

  @Test(arguments: [0, -1, Int.min, Int.max]) func impossibleClassCounts(_ classes: Int) {
    let error = #expect(throws: GraphError.self) {
      try Architecture.resnet20.graph(input: image, classes: classes)
    }
    #expect(error?.code == "invalid_node")
  }

  @Test(arguments: [0, -3, Int.max]) func impossibleImages(_ side: Int) {
    let shape = ActivationShape(channels: 1, height: side, width: 28)
    let error = #expect(throws: GraphError.self) {
      try Architecture.resnet20.graph(input: shape, classes: 10)
    }
    #expect(error?.code == "invalid_node")
  }
}
