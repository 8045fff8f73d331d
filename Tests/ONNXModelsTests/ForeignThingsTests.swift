import Foundation
import ModelFormats
import NeuralGraph
import ONNXModels
import TestSupport
import Testing

/// What other programs leave in a file, and files that are none.
@Suite struct ForeignThingsTests {
  private typealias Bytes = ModelBytes

  /// Two classes of a single pixel.
  private func model(_ metadata: [(String, String)] = [], producer: String = "other") -> Data {
    var model = Bytes()
    model.image = [1, 1, 1]
    model.tensors = [Bytes.tensor("w", [2, 1, 1, 1], [1, 2])]
    let extra = MessageBytes { file in
      file.text(2, producer)
      for (key, value) in metadata {
        file.message(
          14,
          MessageBytes {
            $0.text(1, key)
            $0.text(2, value)
          })
      }
    }
    return model.data + Data(extra.bytes)
  }

  private func facts(_ labels: [String]?, dataset: [String]? = nil) -> StateDictImport {
    var facts = StateDictImport()
    (facts.labels, facts.mean, facts.standardDeviation) = (labels, [0], [1])
    facts.source = dataset.map {
      StateDictImport.Source(name: "set", classes: $0, image: nil) { _, _ in nil }
    }
    return facts
  }

  @Test(arguments: ["not json", "a,b", #"["x"]"#, #"["x","y"]"#, "{}"])
  func whatTheUserSaysWins(labels: String) throws {
    let data = model([("labels", labels), ("preprocessing", "no"), ("training", "no")])
    #expect(
      try ONNXImport.model(data: data, facts: facts(["a", "b"])).description.labels == ["a", "b"])
    #expect(
      try ONNXImport.model(data: data, facts: facts(nil, dataset: ["c", "d"])).description.labels
        == ["c", "d"])
  }

  @Test func foreignLabelsOfTheRightClassesSayTheirOrder() throws {
    let data = model([("labels", #"["d","c"]"#)])
    #expect(
      try ONNXImport.model(data: data, facts: facts(nil, dataset: ["c", "d"])).description.labels
        == ["d", "c"])
    #expect(try ONNXImport.model(data: data).description.labels == ["d", "c"])
    #expect(try ONNXImport.model(data: model([("labels", "no")])).description.labels == ["0", "1"])
  }

  /// Our own file that is damaged is an error, not somebody else's habit.
  @Test(arguments: ["no", #"["a","b",]"#, #"{"a":1,"a":2}"#])
  func ownMetadataHasToBeValid(labels: String) throws {
    let data = model([("labels", labels)], producer: "crisp")
    let error = #expect(throws: ONNXError.self) { try ONNXImport.model(data: data) }
    #expect(error?.code == "onnx_invalid_metadata")
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity]) func weightsAreNumbers(value: Float) throws {
    var model = Bytes()
    model.tensors = [Bytes.tensor("w", [1, 1, 1, 1], [value])]
    let data = model.data
    let error = #expect(throws: ONNXError.self) { try ONNXImport.model(data: data) }
    #expect(error?.code == "onnx_tensor_values")
    #expect(error?.description.contains("tensor 'w'") == true)
    // A constant that is computed too.
    var computed = Bytes()
    computed.tensors = [
      Bytes.tensor("v", [1, 1, 1, 1], [value]), Bytes.tensor("k", [], [2]),
    ]
    computed.nodes = [Bytes.node("Mul", ["v", "k"], "w"), Bytes.node("Conv", ["x", "w"], "y")]
    computed.image = [1, 1, 1]
    let other = computed.data
    #expect(throws: ONNXError.self) { try ONNXImport.model(data: other) }
  }

  @Test func negativeVariancesAreNamed() throws {
    var model = Bytes()
    model.image = [1, 1, 1]
    model.nodes = [Bytes.node("BatchNormalization", ["x", "s", "b", "m", "var"], "y")]
    model.tensors = ["s", "b", "m"].map { Bytes.tensor($0, [1], [1]) }
    model.tensors.append(Bytes.tensor("var", [1], [-0.5]))
    let data = model.data
    let error = #expect(throws: ONNXError.self) { try ONNXImport.model(data: data) }
    #expect(error?.code == "onnx_tensor_values")
    #expect(error?.description.contains("tensor 'var' holds a negative variance") == true)
    model.tensors[3] = Bytes.tensor("var", [1], [0.5])
    let imported = try ONNXImport.model(data: model.data)
    #expect(imported.weights["the_BatchNormalization.running_var"]?.values == [0.5])
  }

  @Test func kindsAreToldByContent() throws {
    let onnx = [UInt8](try Golden(name: "layers", opset: 17).data())
    #expect(ONNXImport.isONNX(start: onnx, named: "model.bin"))
    // A header of 0x0308 bytes begins like an ONNX file, and is none.
    let header = [0x08, 0x03, 0, 0, 0, 0, 0, 0] + Array("{\"a\":".utf8)
    #expect(!ONNXImport.isONNX(start: header, named: "model.onnx"))
    #expect(ONNXImport.isONNX(start: Array("version https://git".utf8), named: "model.ONNX"))
    #expect(!ONNXImport.isONNX(start: Array("PK\u{3}\u{4}".utf8), named: "model.pt"))
    let pointer = Data("version https://git-lfs.github.com/spec/v1\noid sha256:0\n".utf8)
    let error = #expect(throws: ONNXError.self) { try ONNXImport.model(data: pointer) }
    #expect(error?.description.contains("git lfs pull") == true)
  }

  @Test func scoreMapsAreNoScores() throws {
    var model = Bytes()
    model.nodes = [Bytes.node("Conv", ["x", "w"], "y")]
    let data = model.data
    let error = #expect(throws: ONNXError.self) { try ONNXImport.model(data: data) }
    #expect(error?.code == "onnx_unsupported_output")
    #expect(error?.description.contains("a map") == true)
  }
}
