import ModelFormats
import NeuralGraph
import Testing

/// What wrappers put before PyTorch's names is left out, and said.
@Suite struct WrapperPrefixTests {
  private let image = ActivationShape(channels: 3, height: 32, width: 32)

  private func tensors(_ architecture: Architecture) throws -> Weights {
    var weights: Weights = [:]
    for parameter in try architecture.graph(input: image, classes: 2).parameters() {
      weights[parameter.name] = Tensor(shape: parameter.shape, filledWith: 1)
    }
    return weights
  }

  private func renamed(_ weights: Weights, _ name: (String) -> String) -> Weights {
    Dictionary(uniqueKeysWithValues: weights.map { (name($0.key), $0.value) })
  }

  private func facts() -> StateDictImport {
    var facts = StateDictImport()
    (facts.input, facts.labels) = (image, ["a", "b"])
    (facts.mean, facts.standardDeviation) = ([0, 0, 0], [1, 1, 1])
    return facts
  }

  @Test(
    arguments: [
      ["module."], ["_orig_mod."], ["model."], ["backbone."], ["net."], ["state_dict."],
      ["module.", "_orig_mod."], ["state_dict.", "model.", "module."], ["anything."],
    ], [Architecture.resnet20, .vgg16, .mobileNetV2])
  func prefixesAreLeftOut(prefixes: [String], architecture: Architecture) throws {
    let plain = try tensors(architecture)
    let dict = StateDict(weights: renamed(plain) { prefixes.joined() + $0 })
    #expect(dict.weights == plain)
    #expect(Set(dict.prefixesLeftOut) == Set(prefixes))
    let model = try facts().model(dict)
    #expect(model.description.architecture == architecture.rawValue)
    // The file says so.
    for prefix in prefixes { #expect(model.training?.contains("\"\(prefix)\"") == true) }
  }

  @Test func partsInsideAndBeside() throws {
    let plain = try tensors(.vgg16)
    // DataParallel around the features alone, as torchvision's training script once did.
    let inside = StateDict(
      weights: renamed(plain) {
        $0.hasPrefix("features.") ? "features.module." + $0.dropFirst(9) : $0
      })
    #expect(inside.weights == plain)
    let plainResNet = try tensors(.resnet20)
    let beside = StateDict(
      weights: renamed(plainResNet) { $0.hasPrefix("fc.") ? $0 : "backbone." + $0 })
    #expect(beside.weights == plainResNet)
    #expect(beside.prefixesLeftOut == ["backbone."])
  }

  @Test func namesWithoutWrappersStay() throws {
    for architecture in Architecture.allCases {
      let plain = try tensors(architecture)
      let dict = StateDict(weights: plain)
      #expect(dict.weights == plain && dict.prefixesLeftOut.isEmpty)
      #expect(try facts().model(dict).training == nil)
    }
    // Two tensors never become one.
    let one = Tensor(shape: [1], filledWith: 1)
    let both = ["model.a.weight": one, "a.weight": one]
    #expect(StateDict(weights: both).weights == both)
  }
}
