import Foundation
import NeuralGraph
import ONNXModels
import Randomness
import Testing

/// Files as they might come from someone else: each is refused with its code, none traps.
@Suite struct HostileFileTests {
  private typealias Bytes = ModelBytes

  /// The code of the error that the import ends in, nil for success.
  private func code(_ data: Data) -> String? {
    do {
      _ = try ONNXImport.model(data: data)
      return nil
    } catch {
      #expect(!error.description.isEmpty)
      return error.code
    }
  }

  /// The code for the small model with one thing changed.
  private func code(_ change: (inout ModelBytes) -> Void) -> String? {
    var model = ModelBytes()
    change(&model)
    return code(model.data)
  }

  /// The code when the convolution has these attributes.
  private func code(convolution attributes: [MessageBytes]) -> String? {
    code { $0.nodes = Bytes.convolution(attributes) }
  }

  /// The code when this node reads the image `x` and makes the output, and `tensors` exist.
  private func code(
    _ op: String, _ inputs: [String] = [], _ attributes: [MessageBytes] = [],
    _ tensors: [MessageBytes] = []
  ) -> String? {
    code { model in
      model.nodes = [Bytes.node(op, ["x"] + inputs, "y", attributes)]
      model.tensors = tensors
    }
  }

  @Test func theUntouchedModelIsAccepted() { #expect(code { _ in } == nil) }

  @Test func bytesThatAreNoFile() {
    #expect(code(Data()) == "onnx_missing_graph")
    #expect(code(Data("not a protocol buffer".utf8)) == "onnx_malformed")
    // Groups within groups, deeper than any stack.
    #expect(code(Data(repeating: 0x0B, count: 1 << 20)) == "onnx_malformed")
    // A text of 2^60 bytes.
    #expect(
      code(Data([0x12, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10])) == "onnx_malformed")
  }

  @Test func everyTruncationIsRefused() throws {
    let data = ModelBytes().data
    for length in 0..<data.count { #expect(code(data.prefix(length)) != nil) }
    let exported = try Golden(name: "torch_unfolded", opset: 17).data()
    for length in stride(from: 0, to: exported.count, by: 97) {
      #expect(code(exported.prefix(length)) != nil)
    }
  }

  @Test(arguments: [
    "gates", "features", "pads", "constants", "views", "folded", "shuffles", "channels_last",
  ])
  func changedBytesNeverTrap(_ name: String) throws {
    let original = try Golden(name: name, opset: 18).data()
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<300 {
      var data = original
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        data[Int.random(in: 0..<data.count, using: &generator)] = .random(
          in: 0...255, using: &generator)
      }
      _ = code(data)
    }
  }

  @Test func operatorSets() {
    #expect(code { $0.opset = 8 } == "onnx_unsupported_opset")
    #expect(code { $0.opset = 24 } == "onnx_unsupported_opset")
    #expect(code { $0.opset = .min } == "onnx_unsupported_opset")
    #expect(code { $0.opset = nil } == "onnx_unsupported_opset")
    #expect(code { $0.opset = 9 } == nil)
    #expect(code { $0.opset = 23 } == nil)
  }

  @Test func references() {
    #expect(code { $0.tensors = [] } == "onnx_unknown_value")
    #expect(
      code {
        $0.nodes = [Bytes.node("Add", ["x", "b"], "a"), Bytes.node("Relu", ["a"], "b")]
        $0.outputs = ["b"]
      } == "onnx_unknown_value")
    #expect(code { $0.nodes = [Bytes.node("Relu", ["y"], "y")] } == "onnx_unknown_value")
    #expect(
      code { $0.nodes = [Bytes.node("Relu", ["a"], "y"), Bytes.node("Relu", ["x"], "a")] }
        == "onnx_unknown_value")
    #expect(code { $0.nodes.append(Bytes.node("Relu", ["x"], "y")) } == "onnx_duplicate_value")
    #expect(code { $0.tensors += $0.tensors } == "onnx_duplicate_value")
  }

  @Test func inputsAndOutputs() {
    #expect(code { $0.outputs = [] } == "onnx_unsupported_output")
    #expect(code { $0.outputs = ["y", "x"] } == "onnx_unsupported_output")
    #expect(code { $0.outputs = ["x"] } == "onnx_unsupported_output")
    #expect(code { $0.outputs = ["nothing"] } == "onnx_unsupported_output")
    #expect(code { $0.inputs = [] } == "onnx_unsupported_input")
    #expect(code { $0.inputs = ["x", "z"] } == "onnx_unsupported_input")
    #expect(code { $0.inputs = ["x", "w"] } == nil)
    #expect(code { $0.image = [1, 4] } == "onnx_unsupported_input")
    for side in [0, -1, Int64.min, .max, 1 << 40] {
      #expect(code { $0.image = [1, side, 4] } == "onnx_unsupported_input")
    }
    // 2^48 pixels.
    #expect(code { $0.image = [1, 1 << 24, 1 << 24] } == "onnx_unsupported_input")
  }

  @Test func tensors() {
    func code(dims: [Int64], type: Int64 = 1, bytes: Int = 4) -> String? {
      self.code {
        $0.tensors = [Bytes.raw("w", dims, type: type, [UInt8](repeating: 0, count: bytes))]
      }
    }
    #expect(code(dims: [1, 1, 1, 1]) == nil)
    #expect(code(dims: [1, 1, 1, 1], type: 10, bytes: 2) == nil)
    #expect(code(dims: [1, 1, 1, 1], type: 11, bytes: 8) == nil)
    #expect(code(dims: [1, 1, 1, 1], type: 16, bytes: 2) == nil)
    #expect(code(dims: [1, 1, 1, 1], type: 7, bytes: 8) == "onnx_tensor_type")
    for type in [0, 8, 4, -1, 99, 14] {
      #expect(code(dims: [1, 1, 1, 1], type: Int64(type)) == "onnx_tensor_type")
    }
    #expect(code(dims: [1, 1, 1, 1], bytes: 5) == "onnx_tensor_size")
    #expect(code(dims: [1, 1, 1, 1], bytes: 0) == "onnx_tensor_size")
    let outOfRange: [[Int64]] = [
      [1 << 40, 1 << 40, 1, 1], [-1, 1, 1, 1], [.max, .max, 1, 1], [.min, 1, 1, 1],
    ]
    for dims in outOfRange {
      #expect(code(dims: dims) == "onnx_tensor_size")
    }
    #expect(code(dims: [1 << 61, 1, 1, 1]) == "onnx_tensor_size")
    #expect(code(dims: [1]) == "onnx_unsupported_form")
    #expect(code(dims: [1, 2, 1, 1], bytes: 8) == "onnx_invalid_node")
    #expect(code(dims: [0, 1, 1, 1], bytes: 0) == "onnx_invalid_node")
    let external = MessageBytes { tensor in
      tensor.integer(1, 1)
      tensor.integer(2, 1)
      tensor.text(8, "w")
      tensor.integer(14, 1)
    }
    #expect(self.code { $0.tensors = [external] } == "onnx_external_data")
  }

  @Test func operatorsThatAreNotRead() throws {
    var model = ModelBytes()
    model.nodes = [Bytes.node("Einsum", ["x", "w"], "y")]
    let data = model.data
    #expect(throws: ONNXError.unsupportedOperator(node: "the_Einsum", op: "Einsum")) {
      try ONNXImport.model(data: data)
    }
    model.nodes = [Bytes.node("Conv", ["x", "w"], "y", domain: "com.microsoft")]
    let foreign = model.data
    #expect(throws: ONNXError.unsupportedOperator(node: "the_Conv", op: "com.microsoft.Conv")) {
      try ONNXImport.model(data: foreign)
    }
    // What the output does not depend on does not matter.
    #expect(code { $0.nodes.append(Bytes.node("Einsum", ["y"], "z")) } == nil)
  }

  @Test func windows() {
    let (form, invalid) = ("onnx_unsupported_form", "onnx_invalid_node")
    #expect(code(convolution: [Bytes.integers("dilations", [2, 2])]) == nil)
    #expect(code(convolution: [Bytes.integers("dilations", [0, 2])]) == form)
    #expect(code(convolution: [Bytes.integers("dilations", [.max, 2])]) == form)
    #expect(code(convolution: [Bytes.integers("pads", [-1, 0, 0, 0])]) == form)
    #expect(code(convolution: [Bytes.integers("pads", [0, 0, .max, 0])]) == form)
    #expect(code(convolution: [Bytes.integers("pads", [1, 1])]) == form)
    #expect(code(convolution: [Bytes.integers("strides", [0, 1])]) == form)
    #expect(code(convolution: [Bytes.integers("strides", [.min, 1])]) == form)
    #expect(code(convolution: [Bytes.integers("kernel_shape", [2, 1])]) == invalid)
    #expect(code(convolution: [Bytes.integer("group", 0)]) == invalid)
    #expect(code(convolution: [Bytes.integer("group", -1)]) == invalid)
    #expect(code(convolution: [Bytes.integer("pads", 1)]) == invalid)
    #expect(code(convolution: [Bytes.text("auto_pad", "SOME")]) == form)
    #expect(
      code(convolution: [Bytes.integer("group", 1), Bytes.integer("group", 1)]) == invalid)
    #expect(code("MaxPool") == invalid)
    #expect(code("MaxPool", [], [Bytes.integers("kernel_shape", [5, 5])]) == invalid)
    #expect(code("MaxPool", [], [Bytes.integers("kernel_shape", [2])]) == form)
    #expect(
      code(
        "AveragePool", [],
        [
          Bytes.integers("kernel_shape", [3, 3]), Bytes.integers("pads", [1, 1, 1, 1]),
          Bytes.integers("strides", [2, 2]), Bytes.integer("ceil_mode", 1),
          Bytes.integer("count_include_pad", 1),
        ]) == form)
    // The last window would begin behind the image.
    #expect(
      code(
        "MaxPool", [],
        [
          Bytes.integers("kernel_shape", [2, 2]), Bytes.integers("pads", [0, 0, 1, 1]),
          Bytes.integers("strides", [4, 4]), Bytes.integer("ceil_mode", 1),
        ]) == form)
  }

  @Test func formsThatAreNotRead() {
    let form = "onnx_unsupported_form"
    func pads(_ values: [Int64]) -> [MessageBytes] { [Bytes.tensor("p", integers: values)] }
    #expect(code("Pad", ["p"], [], pads([0, 0, -1, 0, 0, 0, 0, 0])) == form)
    #expect(code("Pad", ["p"], [], pads([0, 1, 0, 0, 0, 0, 0, 0])) == form)
    #expect(code("Pad", ["p"], [], pads([0, 0])) == "onnx_invalid_node")
    #expect(code("Pad", ["p"], [Bytes.text("mode", "reflect")], pads([0])) == form)
    #expect(code("Flatten", [], [Bytes.integer("axis", 2)]) == form)
    #expect(code("Softmax", [], [Bytes.integer("axis", 1)]) == form)
    #expect(code("Squeeze", [], [Bytes.integers("axes", [2])]) == form)
    // An axis of no length lets another be long: nothing may walk along it.
    let long = [Bytes.tensor("w", [1 << 40, 0], [])]
    #expect(
      code {
        $0.nodes = [Bytes.node("Flatten", ["x"], "f"), Bytes.node("MatMul", ["f", "w"], "y")]
        $0.tensors = long
      } == form)
    let empty = [Bytes.raw("w", [1 << 40, 0], type: 7, [])]
    #expect(
      code {
        $0.nodes = [Bytes.node("Transpose", ["w"], "p"), Bytes.node("Pad", ["x", "p"], "y")]
        $0.tensors = empty
      } == form)
    #expect(code("Transpose") == form)
    #expect(code("ReduceMean", [], [Bytes.integers("axes", [0])]) == form)
    #expect(code("ReduceMean", [], [Bytes.integers("axes", [.min, .max])]) == form)
    #expect(code("Reshape", ["s"], [], [Bytes.tensor("s", integers: [2, -1])]) == form)
    #expect(
      code("Reshape", ["s"], [], [Bytes.tensor("s", integers: [-1, -1])]) == "onnx_invalid_node")
    #expect(
      code("Reshape", ["s"], [], [Bytes.tensor("s", integers: .init(repeating: 1, count: 99))])
        == form)
    #expect(code("MatMul", ["w"], [], [Bytes.tensor("w", [4, 1], [1, 2, 3, 4])]) == form)
    #expect(code("Add", ["c"], [], [Bytes.tensor("c", [4], [1, 2, 3, 4])]) == form)
    #expect(code("Concat", ["x"], [Bytes.integer("axis", 3)]) == form)
    #expect(code("Clip", ["x"]) == form)
    #expect(code("Div", ["x"]) == form)
    #expect(code("Relu", ["x"]) == "onnx_invalid_node")
    #expect(
      code(
        "Dropout", ["r", "t"], [],
        [
          Bytes.tensor("r", [], [0.5]), Bytes.raw("t", [], type: 9, [1]),
        ]) == form)
    #expect(
      code {
        $0.nodes = [
          Bytes.node("Flatten", ["x"], "f"), Bytes.node("Softmax", ["f"], "s"),
          Bytes.node("Relu", ["s"], "y"),
        ]
      } == form)
  }

  /// Few bytes that ask for much: a scalar for millions of channels, one tensor for many layers.
  @Test func smallFilesDoNotBecomeLargeModels() {
    #expect(
      code { model in
        model.nodes = (0..<22).map { i in
          Bytes.node(
            "Concat", i == 0 ? ["x", "x"] : ["c\(i - 1)", "c\(i - 1)"], "c\(i)",
            [Bytes.integer("axis", 1)])
        }
        model.nodes.append(Bytes.node("Mul", ["c21", "k"], "y"))
        model.tensors = [Bytes.tensor("k", [], [2])]
      } == "onnx_too_large")
    #expect(
      code { model in
        let side = 64
        model.image = [Int64(side), 8, 8]
        model.tensors = [
          Bytes.tensor(
            "w", [Int64(side), Int64(side), 1, 1], [Float](repeating: 0, count: side * side))
        ]
        model.nodes = (0..<2000).map { i in
          Bytes.node("Conv", [i == 0 ? "x" : "c\(i - 1)", "w"], i == 1999 ? "y" : "c\(i)")
        }
      } == "onnx_too_large")
  }
}
