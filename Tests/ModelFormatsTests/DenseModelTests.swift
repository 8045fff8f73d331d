import Foundation
import ModelFormats
import NeuralGraph
import Testing

@Suite struct DenseModelTests {
  @Test func roundTrips() throws {
    let model = try TestModels.dense()
    let data = try model.serialized()
    #expect(try DenseModel(data: data) == model)
    #expect(try model.serialized() == data)
  }

  @Test func refusesWeightsThatDoNotFit() throws {
    let model = try TestModels.dense()
    func code(_ edit: (inout Weights) -> Void) -> String? {
      var weights = model.weights
      edit(&weights)
      do {
        _ = try DenseModel(description: model.description, weights: weights)
        return nil
      } catch {
        return error.code
      }
    }
    #expect(code { _ in } == nil)
    #expect(code { $0["fc.bias"] = nil } == "missing_weight")
    #expect(code { $0["fc.bias"] = Tensor(shape: [4], filledWith: 0) } == "weight_shape")
    #expect(code { $0["other"] = Tensor(shape: [4], filledWith: 0) } == "unexpected_weight")
  }

  @Test func refusesDescriptionsThatDoNotFit() throws {
    let good = try TestModels.description()
    #expect(throws: FormatError.labelCount(expected: 3, found: 1)) {
      try ModelDescription(
        graph: good.graph, labels: ["one"], preprocessing: good.preprocessing)
    }
    let small = try Preprocessing(
      shape: ActivationShape(channels: 3, height: 5, width: 6), mean: [0, 0, 0],
      standardDeviation: [1, 1, 1])
    #expect(throws: FormatError.self) {
      try ModelDescription(graph: good.graph, labels: good.labels, preprocessing: small)
    }
    for (mean, deviation) in [
      ([0, 0], [1, 1, 1]), ([0, 0, 0], [1, 1]), ([0, 0, .nan], [1, 1, 1]),
      ([0, 0, 0], [1, 0, 1]), ([0, 0, 0], [1, .infinity, 1]), ([0, 0, 1001], [1, 1, 1]),
      ([0, 0, 0], [1, 1e-7, 1]), ([0, 0, 0], [1, 1001, 1]),
    ] as [([Float], [Float])] {
      #expect(throws: FormatError.self) {
        try Preprocessing(shape: good.graph.input, mean: mean, standardDeviation: deviation)
      }
    }
  }

  /// Files from before there was a resize say nothing of it, and are written as they were.
  @Test func aResizeIsWrittenWhenThereIsOne() throws {
    let shape = ActivationShape(channels: 1, height: 4, width: 6)
    func preprocessing(_ resize: Int?) throws -> Preprocessing {
      try Preprocessing(shape: shape, mean: [0], standardDeviation: [1], resize: resize)
    }
    func text(_ value: Preprocessing) throws -> String {
      String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }
    #expect(try text(preprocessing(nil)).contains("resize") == false)
    #expect(try text(preprocessing(7)).contains("\"resize\":7"))
    for resize in [nil, 6, 7, 8192] {
      let value = try preprocessing(resize)
      #expect(
        try JSONDecoder().decode(Preprocessing.self, from: JSONEncoder().encode(value)) == value)
    }
    for resize in [5, 0, -1, 8193, Int.max] {
      #expect(throws: FormatError.self) { try preprocessing(resize) }
    }
  }

  @Test func refusesAPackedFile() throws {
    let data = try TestModels.packed().serialized()
    #expect(throws: FormatError.wrongFormat(expected: "crisp-dense", found: "crisp-packed")) {
      try DenseModel(data: data)
    }
  }
}
