import Foundation
import ModelFormats
import NeuralGraph
import ONNXModels
import Randomness
import SparseRuntime
import Testing

@Suite struct ExportTests {
  /// Everything a graph can hold: batch norm, every operation, images made of features again.
  private func model() throws -> DenseModel {
    var nodes: [Node] = []
    func add(_ name: String, _ operation: NeuralGraph.Operation, _ inputs: String...) {
      nodes.append(Node(name: name, operation: operation, inputs: inputs))
    }
    func convolution(
      _ name: String, _ x: String, _ from: Int, _ to: Int, kernel: Int = 1, padding: Int = 0,
      groups: Int = 1, bias: Bool = true
    ) {
      let window = Window(kernel: kernel, padding: padding)
      add(
        name,
        .convolution(
          Convolution(
            inChannels: from, outChannels: to, window: window, groups: groups, bias: bias)), x)
    }
    convolution("conv1", "input", 3, 8, kernel: 3, bias: false)
    add("bn1", .batchNorm(channels: 8, epsilon: 0x1p-10), "conv1")
    add("relu", .relu(limit: nil), "bn1")
    convolution("depthwise", "relu", 8, 8, kernel: 3, padding: 1, groups: 8)
    add("relu6", .relu(limit: 6), "depthwise")
    add("sum", .add, "relu6", "relu")
    add("mean", .globalAveragePool, "sum")
    add("gate", .linear(inFeatures: 8, outFeatures: 8, bias: true), "mean")
    add("hard", .hardSigmoid(slope: 0.25, offset: 0.5), "gate")
    add("gated", .multiply, "sum", "hard")
    add("soft", .sigmoid, "gated")
    add("silu", .multiply, "gated", "soft")
    add("scale", .scaleShift(channels: 8), "silu")
    add("clip", .clip(lower: -0.5, upper: 2), "scale")
    add("pad", .pad(Padding(top: 0, left: 1, bottom: 1, right: 0)), "clip")
    add("max", .maxPool(Window(kernel: 2, stride: 2)), "pad")
    add("average", .averagePool(Window(kernel: 3, padding: 1), countsPadding: true), "max")
    add("average2", .averagePool(Window(kernel: 3, padding: 1)), "average")
    add("both", .concatenate(inputs: 2), "average2", "max")
    add("swish", .hardSwish, "both")
    add("fc1", .linear(inFeatures: 256, outFeatures: 6, bias: false), "swish")
    add("bn2", .batchNorm(channels: 6, epsilon: 0x1p-10), "fc1")
    add("scale2", .scaleShift(channels: 6), "bn2")
    add("fc2", .linear(inFeatures: 6, outFeatures: 5, bias: true), "scale2")
    convolution("last", "fc2", 5, 4)
    let graph = Graph(
      input: ActivationShape(channels: 3, height: 9, width: 9), nodes: nodes, output: "last")
    var weights = graph.initialWeights(seed: 3)
    var generator = SeededGenerator(seed: 4)
    for parameter in graph.parameters() where parameter.shape.count == 1 {
      weights[parameter.name] = try Tensor(
        shape: parameter.shape,
        values: (0..<parameter.shape[0]).map { _ in Float.random(in: 0.5...1.5, using: &generator) }
      )
    }
    return try DenseModel(
      description: ModelDescription(
        graph: graph, labels: ["cat", "dog", "é \"quoted\"", "d"],
        preprocessing: Preprocessing(
          shape: graph.input, mean: [0.1, 0.2, 0.3], standardDeviation: [1, 0.5, 0.25]),
        architecture: "tiny", dataset: "none"),
      weights: weights, training: #"{"epochs":3}"#)
  }

  @Test func importGivesTheModelBack() throws {
    let model = try model()
    #expect(try ONNXImport.model(data: ONNXExport.data(model)) == model)
  }

  @Test func importGivesAFoldedModelBack() throws {
    let model = try model()
    let (graph, weights) = try model.description.graph.foldingBatchNorm(model.weights)
    let folded = try DenseModel(
      description: model.description.with(graph: graph), weights: weights,
      training: model.training)
    #expect(try ONNXImport.model(data: ONNXExport.data(folded)) == folded)
  }

  @Test func theSameModelGivesTheSameBytes() throws {
    #expect(try ONNXExport.data(model()) == ONNXExport.data(model()))
  }

  /// Import, export and import: nothing changes any more, and the scores stay onnxruntime's.
  @Test(arguments: Golden.all.filter { $0.opset == 17 })
  func importedNetworksSurvive(_ golden: Golden) throws {
    let model = try golden.model()
    let again = try ONNXImport.model(data: ONNXExport.data(model))
    #expect(again == model)
    try golden.check(again)
  }

  @Test func packedModelsBecomeDenseOnesWithZeros() throws {
    let model = try model()
    let (graph, weights) = try model.description.graph.foldingBatchNorm(model.weights)
    let pattern = try HybridPattern(keep: 2, block: 8, rows: 2)
    let node = try #require(graph.node(named: "conv1"))
    let matrix = try #require(WeightMatrix(node.operation))
    var generator = SeededGenerator(seed: 5)
    let packed = try PackedModel(
      description: model.description.with(graph: graph), pattern: pattern, weights: weights,
      masks: ["conv1": pattern.randomMask(for: matrix, keptTiles: 2, using: &generator)],
      provenance: Provenance(recipe: #"{"classes":[1,2]}"#, seed: .max, generator: "tests"))
    let dense = try ONNXImport.model(data: ONNXExport.data(.packed(packed)))
    #expect(dense.description == packed.description)
    #expect(try dense.weights == packed.denseWeights())
    let zeros = try #require(dense.weights["conv1.weight"]?.values.filter { $0 == 0 }.count)
    #expect(zeros >= matrix.count / 4)
  }

  /// Layers may be called as the weights of others are, as ONNX needs names itself, or nothing.
  @Test(arguments: ["conv.weight", "conv.bias", "fc.flatten", "scale.scaled", ""])
  func namesAreUniqueWhateverLayersAreCalled(name: String) throws {
    let convolution = Convolution(
      inChannels: 1, outChannels: 2, window: Window(kernel: 1), bias: true)
    let graph = Graph(
      input: ActivationShape(channels: 1, height: 2, width: 2),
      nodes: [
        Node(name: "conv", operation: .convolution(convolution), inputs: ["input"]),
        Node(name: name, operation: .relu(limit: nil), inputs: ["conv"]),
        Node(name: "scale", operation: .scaleShift(channels: 2), inputs: [name]),
        Node(
          name: "fc", operation: .linear(inFeatures: 8, outFeatures: 2, bias: true),
          inputs: ["scale"]),
      ], output: "fc")
    let weights = graph.initialWeights(seed: 1)
    let model = try DenseModel(
      description: ModelDescription(
        graph: graph, labels: ["a", "b"],
        preprocessing: Preprocessing(shape: graph.input, mean: [0], standardDeviation: [1])),
      weights: weights)
    let data = try ONNXExport.data(model)
    // The importer refuses two values of one name.
    let back = try ONNXImport.model(data: data)
    #expect(back.weights == model.weights)
    let image: [Float] = [1, -2, 3, 0.5]
    let scores = try [model, back].map {
      try Session(model: $0, batchCapacity: 1).run(images: image, count: 1)
    }
    #expect(scores[0] == scores[1])
  }

  @Test func invalidGraphsAreRefused() throws {
    // A name that ONNX needs for itself is taken already: both survive.
    var model = try model()
    let nodes = model.description.graph.nodes.map { node in
      var node = node
      if node.name == "max" { node.name = "gate.flatten" }
      node.inputs = node.inputs.map { $0 == "max" ? "gate.flatten" : $0 }
      return node
    }
    let graph = Graph(input: model.description.graph.input, nodes: nodes, output: "last")
    model = try DenseModel(
      description: model.description.with(graph: graph), weights: model.weights,
      training: model.training)
    #expect(try ONNXImport.model(data: ONNXExport.data(model)) == model)
  }
}
