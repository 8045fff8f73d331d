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
    #expect(try Architecture(named: "vgg16_bn") == .vgg16BN)
    #expect(try Architecture(named: "mobilenet_v2") == .mobileNetV2)
    let known = [
      "resnet20", "resnet32", "resnet18", "resnet34", "resnet50", "vgg16", "vgg16_bn",
      "mobilenet_v2",
    ]
    for name in ["ResNet20", "resnet", "", "vgg16BN"] {
      #expect(throws: GraphError.unknownArchitecture(name, known: known)) {
        try Architecture(named: name)
      }
    }
  }

  /// As `sum(p.numel() for p in torchvision.models.NAME().parameters())` has it.
  @Test(arguments: [
    (Architecture.resnet18, 11_689_512), (.resnet34, 21_797_672), (.resnet50, 25_557_032),
    (.vgg16, 138_357_544), (.vgg16BN, 138_365_992), (.mobileNetV2, 3_504_872),
  ]) func torchvisionSizes(_ architecture: Architecture, _ size: Int) throws {
    let photograph = ActivationShape(channels: 3, height: 224, width: 224)
    #expect(learned(try architecture.graph(input: photograph, classes: 1000)) == size)
  }

  /// Counted by hand from the layers' shapes: a quarter of the channels, and every layer a multiple
  /// of eight.
  @Test func widths() throws {
    let image = ActivationShape(channels: 1, height: 32, width: 32)
    let narrow = try Architecture.resnet18.graph(input: image, classes: 100, width: 0.25)
    let convolutions =
      9 * 16 + 4 * 9 * 16 * 16 + 9 * (16 * 32 + 3 * 32 * 32) + 9 * (32 * 64 + 3 * 64 * 64)
      + 9 * (64 * 128 + 3 * 128 * 128) + 16 * 32 + 32 * 64 + 64 * 128
    let norms = 2 * (5 * 16 + 5 * 32 + 5 * 64 + 5 * 128)
    #expect(learned(narrow) == convolutions + norms + 128 * 100 + 100)
    for architecture in Architecture.allCases {
      let graph = try architecture.graph(input: image, classes: 3, width: 0.6)
      #expect(
        graph.parameters().filter { $0.role == .weight }.dropLast().allSatisfy {
          $0.shape[0] % 8 == 0
        })
      #expect(throws: GraphError.invalidWidth(0)) {
        try architecture.graph(input: image, classes: 3, width: 0)
      }
    }
  }

  /// Where the small form keeps the resolution, and what its first layer looks like.
  @Test(arguments: [
    (Architecture.resnet18, "512x4x4", "512x7x7"), (.resnet34, "512x4x4", "512x7x7"),
    (.resnet50, "2048x4x4", "2048x7x7"), (.vgg16, "512x1x1", "512x7x7"),
    (.vgg16BN, "512x1x1", "512x7x7"), (.mobileNetV2, "1280x4x4", "1280x7x7"),
  ]) func bothForms(_ architecture: Architecture, _ small: String, _ large: String) throws {
    for (side, features) in [(32, small), (224, large)] {
      let image = ActivationShape(channels: 3, height: side, width: side)
      let graph = try architecture.graph(input: image, classes: 7)
      let shapes = try graph.shapes()
      #expect(shapes[graph.output]?.description == "7x1x1")
      // The last value that is not yet a vector of features or scores.
      let head = graph.nodes.firstIndex {
        switch $0.operation {
        case .globalAveragePool, .linear: true
        default: false
        }
      }
      let node = graph.nodes[try #require(head)]
      #expect(shapes[node.inputs[0]]?.description == features, "\(side)")
      let pools = graph.nodes.filter { if case .maxPool = $0.operation { true } else { false } }
      switch architecture {
      case .vgg16, .vgg16BN: #expect(pools.count == 5)
      case .mobileNetV2: #expect(pools.isEmpty)
      default: #expect(pools.count == (side == 32 ? 0 : 1))
      }
    }
  }

  /// The default data set has one channel of 28x28; 64 pixels is the last small side.
  @Test(arguments: Architecture.allCases) func otherSmallImages(_ architecture: Architecture) throws
  {
    let grey = try architecture.graph(input: image, classes: 10)
    #expect(try grey.shapes()[grey.output]?.count == 10)
    let rectangle = ActivationShape(channels: 3, height: 64, width: 48)
    let graph = try architecture.graph(input: rectangle, classes: 10)
    #expect(graph.parameters().dropFirst() == grey.parameters().dropFirst())
  }

  @Test func formsByTheLongerSide() {
    for (height, width, form) in [(64, 64, ImageForm.small), (64, 65, .photograph)] {
      #expect(ImageForm(for: ActivationShape(channels: 3, height: height, width: width)) == form)
    }
  }

  /// torchvision's adaptive pool to 7x7, as far as equal windows can express it.
  @Test func vggPoolsPhotographs() throws {
    func shape(_ height: Int, _ width: Int) -> ActivationShape {
      ActivationShape(channels: 3, height: height, width: width)
    }
    let plain = try Architecture.vgg16.graph(input: shape(230, 224), classes: 2)
    #expect(plain.node(named: "avgpool") == nil)
    let double = try Architecture.vgg16.graph(input: shape(448, 224), classes: 2)
    #expect(
      double.node(named: "avgpool")?.operation
        == .averagePool(
          Window(kernelHeight: 2, kernelWidth: 1, strideHeight: 2, strideWidth: 1)))
    #expect(double.parameters() == plain.parameters())
    for impossible in [shape(128, 128), shape(256, 224), shape(224, 100), shape(300, 0)] {
      let error = #expect(throws: GraphError.self) {
        try Architecture.vgg16BN.graph(input: impossible, classes: 2)
      }
      #expect(error?.code == "invalid_node")
      #expect(error?.description.contains("multiples of 224") == true)
    }
  }

  @Test(arguments: Architecture.allCases, [0, -1, Int.min, Int.max])
  func impossibleClassCounts(_ architecture: Architecture, _ classes: Int) {
    let error = #expect(throws: GraphError.self) {
      try architecture.graph(input: image, classes: classes)
    }
    #expect(error?.code == "invalid_node")
  }

  @Test(arguments: Architecture.allCases, [0, -3, Int.max])
  func impossibleImages(_ architecture: Architecture, _ side: Int) {
    let shape = ActivationShape(channels: 1, height: side, width: 28)
    let error = #expect(throws: GraphError.self) {
      try architecture.graph(input: shape, classes: 10)
    }
    #expect(error?.code == "invalid_node")
  }
}
