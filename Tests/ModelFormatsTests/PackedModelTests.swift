import Foundation
import ModelFormats
import NeuralGraph
import Testing

@Suite struct PackedModelTests {
  @Test(arguments: [1, 2, 4])
  func roundTrips(rows: Int) throws {
    let model = try TestModels.packed(rows: rows)
    let data = try model.serialized()
    let again = try PackedModel(data: data)
    #expect(again == model)
    #expect(try again.serialized() == data)
    #expect(try again.denseWeights() == model.denseWeights())
  }

  @Test func halvesKeepZerosAndRoundTheRest() throws {
    let model = try TestModels.packed()
    let data = try model.serialized(precision: .float16)
    #expect(try data.count < model.serialized().count)
    let weights = try model.denseWeights()
    for (name, tensor) in try PackedModel(data: data).denseWeights() {
      let exact = try weights.tensor(name)
      #expect(tensor.values == exact.values.map { Float(Float16($0)) }, "\(name)")
    }
  }

  @Test(arguments: [1, 2, 4])
  func wholeNumbersAreTheNearestMultiplesOfTheirRowsScale(rows: Int) throws {
    let model = try TestModels.packed(rows: rows)
    let data = try model.serialized(precision: .int8)
    #expect(try data.count < model.serialized(precision: .float16).count)
    let file = try SafetensorsFile(data: data)
    #expect(file.metadata["format_version"] == "2")
    let again = try PackedModel(data: data)
    #expect(try again.serialized(precision: .int8) == data)
    for (name, layer) in model.layers {
      let stored = try #require(again.layers[name])
      #expect(stored.precision == .int8)
      let columns = layer.matrix.columns
      let (exact, found) = (layer.unpacked(), stored.unpacked())
      for row in 0..<layer.matrix.rows {
        let weights = exact[row * columns..<(row + 1) * columns]
        let largest = weights.map(\.magnitude).max() ?? 0
        let scale = stored.scales[row]
        #expect(largest == 0 || scale == largest / 127)
        for (a, b) in zip(weights, found[row * columns..<(row + 1) * columns]) {
          #expect(b == (a / scale).rounded(.toNearestOrEven) * scale)
          #expect((a - b).magnitude <= scale * 0.5001)
        }
      }
    }
    // Everything else is stored as in a file of halves.
    let halves = try SafetensorsFile(data: model.serialized(precision: .float16))
    for (name, entry) in halves.entries where !name.contains(".weight.") {
      #expect(try file.entry(name).type == entry.type, "\(name)")
      #expect(try file.tensor(name) == halves.tensor(name), "\(name)")
    }
    // Widened they are the same numbers.
    let wide = try PackedModel(data: again.serialized())
    #expect(try wide.denseWeights() == again.denseWeights())
  }

  @Test func theLargestWeightsStayFinite() throws {
    let layer = try PackedLayer(
      name: "x", matrix: WeightMatrix(rows: 8, taps: 1, inChannels: 8),
      pattern: HybridPattern(keep: 2, block: 8), keptTiles: 1,
      values: [Float](repeating: .greatestFiniteMagnitude, count: 32), blockColumns: [0],
      positions: [UInt8]((0..<32).map { UInt8($0 % 2) }))
    let found = try layer.quantized().values
    #expect(found.allSatisfy { $0.isFinite && $0 > Float.greatestFiniteMagnitude * 0.999 })
  }

  @Test func filesWithoutWholeNumbersStayOfVersion1() throws {
    for precision in [Precision.float32, .float16] {
      let data = try TestModels.packed().serialized(precision: precision)
      #expect(try SafetensorsFile(data: data).metadata["format_version"] == "1")
    }
  }

  @Test func halvesLeaveWideVectorsWide() throws {
    var builder = GraphBuilder(input: ActivationShape(channels: 8, height: 4, width: 4))
    var x = builder.batchNorm("norm", builder.image)
    x = builder.convolution("a", x, out: 8, kernel: 1, bias: true)
    x = builder.convolution("b", x, out: 8, kernel: 1, bias: true)
    let graph = try builder.graph(output: x)
    var weights = graph.initialWeights(seed: 1)
    weights["norm.running_var"] = Tensor(shape: [8], filledWith: 1e-9)
    weights["a.bias"] = Tensor(shape: [8], filledWith: 0.1)
    weights["b.bias"] = Tensor(shape: [8], filledWith: -1e5)
    let model = try PackedModel(
      description: ModelDescription(
        graph: graph, labels: (0..<128).map(String.init),
        preprocessing: Preprocessing(
          shape: graph.input, mean: [Float](repeating: 0, count: 8),
          standardDeviation: [Float](repeating: 1, count: 8))),
      pattern: .standard, weights: weights, masks: [:], provenance: Provenance())
    let file = try SafetensorsFile(data: model.serialized(precision: .float16))
    for (name, type) in [
      ("norm.running_var", ElementType.float32), ("a.bias", .float16), ("b.bias", .float32),
      ("a.weight", .float16),
    ] {
      #expect(try file.entry(name).type == type, "\(name)")
    }
  }

  @Test func unpacksToTheMaskedWeights() throws {
    let model = try TestModels.packed()
    let graph = model.description.graph
    try graph.validate(model.denseWeights())
    let dense = try TestModels.dense()
    let (_, folded) = try dense.description.graph.foldingBatchNorm(dense.weights)
    for (name, tensor) in try model.denseWeights() {
      let original = try folded.tensor(name)
      let isPacked = ["conv.weight", "skip.weight", "fc.weight"].contains(name)
      for (value, expected) in zip(tensor.values, original.values) {
        #expect(value == expected || (isPacked && value == 0))
      }
    }
  }

  @Test func countsMultiplyAccumulatesOfKeptWeights() throws {
    let model = try TestModels.packed()
    let all = try model.description.graph.multiplyAccumulates()
    let kept = try model.multiplyAccumulates()
    // conv: 10 x 54 weights at 3 x 3 positions; of its 7 tiles 3 stay, and half of each.
    #expect(all["conv"] == 10 * 54 * 9)
    #expect(try #require(kept["conv"]) <= 10 * 3 * 4 * 9)
    #expect(try #require(kept["conv"]) > 10 * 2 * 4 * 9)
    #expect(all["stem"] == kept["stem"])
    #expect(all["depthwise"] == 10 * 9 * 9)
    #expect(all["pool"] == nil)
    #expect(model.packedDensity < 0.4)
  }

  @Test func refusesPartsThatDoNotFit() throws {
    let model = try TestModels.packed()
    func code(
      layers: ([PackedLayer]) -> [PackedLayer] = { $0 }, dense: (inout Weights) -> Void = { _ in }
    ) -> String? {
      var weights = model.dense
      dense(&weights)
      do {
        _ = try PackedModel(
          description: model.description, pattern: model.pattern,
          layers: layers(Array(model.layers.values)), dense: weights,
          provenance: model.provenance)
        return nil
      } catch {
        return error.code
      }
    }
    #expect(code() == nil)
    #expect(code(layers: { $0 + $0 }) == "duplicate_key")
    #expect(code(layers: { Array($0.dropFirst()) }) == "missing_tensor")
    #expect(
      code(dense: { $0["conv.weight"] = Tensor(shape: [1], filledWith: 0) }) == "unexpected_tensor")
    #expect(code(dense: { $0["conv.bias"] = nil }) == "missing_tensor")
    #expect(code(dense: { $0["conv.bias"] = Tensor(shape: [1], filledWith: 0) }) == "tensor_shape")
    #expect(code(dense: { $0["stray"] = Tensor(shape: [1], filledWith: 0) }) == "unexpected_tensor")
  }

  @Test func refusesToPackOtherOperations() throws {
    let model = try TestModels.packed()
    for name in ["depthwise", "sum", "nowhere"] {
      #expect(throws: FormatError.notPackable(layer: name)) {
        try PackedModel(
          description: model.description, pattern: model.pattern, weights: model.denseWeights(),
          masks: [name: [true]], provenance: Provenance())
      }
    }
  }

  @Test func refusesProvenanceThatIsNotJSON() throws {
    let model = try TestModels.packed()
    let broken = try PackedModel(
      description: model.description, pattern: model.pattern, layers: Array(model.layers.values),
      dense: model.dense, provenance: Provenance(recipe: "{"))
    #expect(throws: FormatError.self) { try broken.serialized() }
  }
}
