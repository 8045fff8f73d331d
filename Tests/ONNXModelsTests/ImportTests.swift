import Foundation
import ModelFormats
import NeuralGraph
import ONNXModels
import Testing

@Suite struct ImportTests {
  @Test(arguments: Golden.all) func scoresAreThoseOfOnnxruntime(_ golden: Golden) throws {
    try golden.check(golden.model())
  }

  private func operations(_ name: String) throws -> [String: NeuralGraph.Operation] {
    let graph = try Golden(name: name, opset: 17).model().description.graph
    return Dictionary(uniqueKeysWithValues: graph.nodes.map { ($0.name, $0.operation) })
  }

  @Test(arguments: [11, 17]) func layersKeepPyTorchsNames(opset: Int) throws {
    let model = try Golden(name: "torch_unfolded", opset: opset).model()
    let blocks = (0..<2).flatMap { block in
      ["conv1.weight"].map { "layer1.\(block).\($0)" }
        + ["bias", "running_mean", "running_var", "weight"].map { "layer1.\(block).bn1.\($0)" }
    }
    let stem = ["bias", "running_mean", "running_var", "weight"].map { "stem.1.\($0)" }
    #expect(
      model.weights.keys.sorted()
        == (blocks + stem + ["stem.0.weight", "fc.weight", "fc.bias"]).sorted())
  }

  /// The exporter calls folded weights by numbers; the layers' names come from its scopes.
  @Test(arguments: [11, 17]) func foldedLayersAreNamedByTheirScopes(opset: Int) throws {
    let model = try Golden(name: "torch_folded", opset: opset).model()
    #expect(
      Set(model.weights.keys) == [
        "stem.0.weight", "stem.0.bias", "layer1.0.conv1.weight", "layer1.0.conv1.bias",
        "layer1.1.conv1.weight", "layer1.1.conv1.bias", "fc.weight", "fc.bias",
      ])
  }

  @Test func clipsBecomeRectifiersWhereTheyAre() throws {
    let found = Set(try operations("clips").values)
    #expect(found.contains(.relu(limit: 6)))
    #expect(found.contains(.relu(limit: nil)))
    #expect(found.contains(.clip(lower: -0.5, upper: 0.7)))
  }

  @Test func paddingJoinsTheConvolutionThatReadsIt() throws {
    let operations = try operations("pads")
    guard case .convolution(let convolution)? = operations["first"] else {
      Issue.record("no convolution")
      return
    }
    #expect(convolution.window.padding == Padding(top: 2, left: 1, bottom: 2, right: 2))
    // One before a pooling, one around a 1x1 convolution.
    let pads = operations.values.compactMap { operation -> Padding? in
      if case .pad(let padding) = operation { padding } else { nil }
    }
    #expect(
      Set(pads) == [Padding(top: 0, left: 1, bottom: 0, right: 2), Padding(1)])
  }

  @Test func productsWithMatricesBecomeLinearLayers() throws {
    let model = try Golden(name: "features", opset: 17).model()
    let linear = model.description.graph.nodes.compactMap { node -> Bool? in
      if case .linear(_, _, let bias) = node.operation { bias } else { nil }
    }
    #expect(linear == [true, true, false])
  }

  @Test func neighbouringConstantsJoin() throws {
    let found = try operations("constants").values.filter {
      if case .scaleShift = $0 { true } else { false }
    }
    // (x - a) / b; y · a; 0.25 - x, · 2, + 1 and - 0.125; the last product.
    #expect(found.count == 4)
  }

  @Test func aSoftmaxAtTheEndIsLeftOutAndNoted() throws {
    let model = try Golden(name: "endings", opset: 21).model()
    let text = try #require(model.training)
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
    let origin = try #require(object as? [String: Any])
    #expect(origin["left_out"] as? [String] == ["Softmax"])
    #expect(origin["imported_from"] as? String == "onnx")
    #expect(origin["opset"] as? Int == 21)
  }

  @Test func whatTheCallerStatesWins() throws {
    let golden = Golden(name: "layers", opset: 17)
    let plain = try golden.model()
    #expect(plain.description.labels == ["0", "1", "2", "3", "4"])
    #expect(plain.description.preprocessing.mean == [0, 0, 0])
    #expect(plain.description.preprocessing.standardDeviation == [1, 1, 1])
    let preprocessing = try Preprocessing(
      shape: ActivationShape(channels: 3, height: 9, width: 9), mean: [0.5, 0.4, 0.3],
      standardDeviation: [0.2, 0.2, 0.1])
    let labels = ["a", "b", "c", "d", "e"]
    let model = try ONNXImport.model(
      data: golden.data(), labels: labels, preprocessing: preprocessing, architecture: "tiny",
      dataset: "none")
    #expect(model.description.labels == labels)
    #expect(model.description.preprocessing == preprocessing)
    #expect(model.description.architecture == "tiny")
    #expect(model.description.dataset == "none")
  }
}
