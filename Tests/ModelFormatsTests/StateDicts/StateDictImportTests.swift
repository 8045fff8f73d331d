import Foundation
import ModelFormats
import NeuralGraph
import Testing

/// State dicts become dense models, or say what is wrong with them.
@Suite struct StateDictImportTests {
  private static let colour = ActivationShape(channels: 3, height: 32, width: 32)

  private static func source(_ classes: Int, image: ActivationShape = colour)
    -> StateDictImport.Source
  {
    StateDictImport.Source(
      name: "toy", classes: (0..<classes).map { "class \($0)" }, image: image
    ) { _, _ in
      (
        [Float](repeating: 0.4, count: image.channels),
        [Float](repeating: 0.2, count: image.channels)
      )
    }
  }

  private func zeros(_ architecture: Architecture, _ image: ActivationShape, classes: Int) throws
    -> Weights
  {
    var weights: Weights = [:]
    for parameter in try architecture.graph(input: image, classes: classes).parameters() {
      weights[parameter.name] = Tensor(shape: parameter.shape, filledWith: 0)
    }
    return weights
  }

  @Test(arguments: Architecture.allCases, [1, 3])
  func tensorsTellTheArchitecture(architecture: Architecture, channels: Int) throws {
    let image = ActivationShape(channels: channels, height: 32, width: 32)
    let weights = try zeros(architecture, image, classes: 7)
    var facts = StateDictImport()
    facts.source = Self.source(7, image: image)
    let model = try facts.model(StateDict(weights: weights))
    #expect(model.description.architecture == architecture.rawValue)
    #expect(model.description.graph == (try architecture.graph(input: image, classes: 7)))
    #expect(model.description.labels == (0..<7).map { "class \($0)" })
    #expect(model.description.dataset == "toy")
    #expect(model.description.preprocessing.mean == [Float](repeating: 0.4, count: channels))
    #expect(model.weights == weights)
  }

  /// torchvision's own files: 224 pixels and ImageNet's statistics without being told.
  @Test(arguments: [Architecture.resnet18, .mobileNetV2])
  func photographsNeedLabelsOnly(architecture: Architecture) throws {
    let image = ActivationShape(channels: 3, height: 224, width: 224)
    let weights = try zeros(architecture, image, classes: 1000)
    var facts = StateDictImport()
    let error = #expect(throws: FormatError.self) { try facts.model(StateDict(weights: weights)) }
    #expect(error?.code == "import_incomplete")
    #expect(error?.description.contains("--labels") == true)
    facts.labels = (0..<1000).map { "\($0)" }
    let model = try facts.model(StateDict(weights: weights))
    #expect(model.description.graph.input == image)
    #expect(model.description.preprocessing.mean == [0.485, 0.456, 0.406])
    #expect(model.description.preprocessing.standardDeviation == [0.229, 0.224, 0.225])
    #expect(model.description.dataset == nil)
  }

  /// MobileNetV2's tensors are those of its small form: pictures in files decide.
  @Test(arguments: [32, 224]) func picturesInFilesTellTheirUsualSize(side: Int) throws {
    let image = ActivationShape(channels: 3, height: side, width: side)
    var facts = StateDictImport()
    facts.source = StateDictImport.Source(
      name: "pictures", classes: ["a", "b"], image: nil, usualImage: { image }
    ) { input, _ in input == image ? ([0.5, 0.5, 0.5], [0.2, 0.2, 0.2]) : nil }
    let weights = try zeros(.mobileNetV2, image, classes: 2)
    let description = try facts.model(StateDict(weights: weights)).description
    #expect(description.graph.input == image)
    #expect(description.preprocessing.resize == (side == 224 ? 256 : nil))
  }

  @Test func halvesAndCountersAreRead() throws {
    var weights = try zeros(.resnet20, Self.colour, classes: 2)
    weights["fc.weight"] = Tensor(shape: [2, 64], filledWith: 0.5)
    var writer = SafetensorsWriter(metadata: ["format": "pt"])
    for (name, tensor) in weights { try writer.add(name, tensor, precision: .float16) }
    try writer.add("bn1.num_batches_tracked", shape: [], [Int64(7)])
    var facts = StateDictImport()
    facts.source = Self.source(2)
    let dict = try StateDict(SafetensorsFile(data: writer.serialized()))
    #expect(try facts.model(dict).weights == weights)
  }

  @Test func statedFactsWin() throws {
    var facts = StateDictImport()
    facts.architecture = .resnet20
    facts.input = ActivationShape(channels: 3, height: 28, width: 30)
    facts.labels = ["a", "b"]
    facts.mean = [0, 0.5, 1]
    facts.source = Self.source(5)
    let weights = try zeros(.resnet20, Self.colour, classes: 2)
    let description = try facts.model(StateDict(weights: weights)).description
    #expect(description.labels == ["a", "b"])
    #expect(description.graph.input.description == "3x28x30")
    #expect(description.preprocessing.mean == [0, 0.5, 1])
    #expect(description.preprocessing.standardDeviation == [0.2, 0.2, 0.2])
  }

  @Test func everyWrongTensorIsNamed() throws {
    let good = try zeros(.resnet20, Self.colour, classes: 4)
    func error(_ architecture: Architecture?, _ edit: (inout Weights) -> Void) -> FormatError? {
      var weights = good
      edit(&weights)
      var facts = StateDictImport()
      facts.architecture = architecture
      facts.source = Self.source(4)
      return #expect(throws: FormatError.self) { try facts.model(StateDict(weights: weights)) }
    }
    let flat = Tensor(shape: [3], filledWith: 0)
    #expect(
      error(.resnet20) { $0["layer3.2.bn2.running_var"] = nil }
        == .graph(.missingWeight("layer3.2.bn2.running_var")))
    #expect(error(.resnet20) { $0["extra"] = flat } == .graph(.unexpectedWeight("extra")))
    #expect(
      error(.resnet20) { $0["bn1.bias"] = flat }
        == .graph(.weightShape(name: "bn1.bias", expected: [16], found: [3])))
    #expect(
      error(.resnet20) { $0["fc.weight"] = flat }?.description.contains("'fc.weight'") == true)
    // Without an architecture the closest one says what it lacks.
    let guess = error(nil) { $0["layer2.1.conv1.weight"] = nil }
    #expect(guess?.code == "unknown_state_dict")
    for text in ["resnet20", "'layer2.1.conv1.weight'", "mobilenet_v2"] {
      #expect(guess?.description.contains(text) == true, "\(text)")
    }
    let strange = error(nil) { $0 = ["module.weight": flat] }
    #expect(strange?.code == "unknown_state_dict")
  }

  @Test func missingFactsAreNamed() throws {
    let weights = try zeros(.resnet20, Self.colour, classes: 4)
    func error(_ edit: (inout StateDictImport) -> Void) -> FormatError? {
      var facts = StateDictImport()
      edit(&facts)
      return #expect(throws: FormatError.self) { try facts.model(StateDict(weights: weights)) }
    }
    #expect(error { _ in }?.description.contains("--input") == true)
    #expect(error { $0.input = Self.colour }?.description.contains("--labels") == true)
    let unnormalised = error {
      $0.input = Self.colour
      $0.labels = ["a", "b", "c", "d"]
    }
    #expect(unnormalised?.code == "import_incomplete")
    #expect(unnormalised?.description.contains("--mean") == true)
    #expect(error { $0.source = Self.source(3) } == .labelCount(expected: 4, found: 3))
    let grey = error {
      $0.source = Self.source(4, image: ActivationShape(channels: 1, height: 28, width: 28))
    }
    #expect(grey?.description.contains("conv1.weight") == true)
    let wrongMean = error {
      $0.source = Self.source(4)
      $0.mean = [0.5]
    }
    #expect(wrongMean?.code == "invalid_preprocessing")
  }

  /// Sizes and shapes from a file must not trap.
  @Test func strangeShapesAreErrors() throws {
    let good = try zeros(.resnet20, Self.colour, classes: 4)
    for (name, shape) in [
      ("fc.weight", [0, 64]), ("fc.weight", []), ("conv1.weight", []), ("conv1.weight", [16]),
      ("conv1.weight", [16, 0, 3, 3]), ("conv1.weight", [16, 5, 3, 3]),
    ] {
      var weights = good
      weights[name] = Tensor(shape: shape, filledWith: 0)
      for architecture in [Architecture.resnet20, nil] {
        var facts = StateDictImport()
        facts.architecture = architecture
        facts.labels = ["a", "b", "c", "d"]
        #expect(throws: FormatError.self) { try facts.model(StateDict(weights: weights)) }
      }
    }
  }
}
