import Foundation
import ONNXModels
import Testing

/// Computed constants of files as they might come from someone else: bounded in memory and steps.
@Suite struct HostileConstantTests {
  private typealias Bytes = ModelBytes

  /// The code of the error when the convolution's weight is computed by `nodes`.
  private func code(_ nodes: [MessageBytes], _ tensors: [MessageBytes]) -> String? {
    var model = Bytes()
    model.nodes = nodes + model.nodes
    model.tensors = tensors
    do {
      _ = try ONNXImport.model(data: model.data)
      return nil
    } catch {
      #expect(!error.description.isEmpty)
      return error.code
    }
  }

  private let one = Bytes.tensor("a", [1, 1, 1, 1], [3])

  @Test func plainOnesAreComputed() {
    #expect(code([Bytes.node("Neg", ["a"], "w")], [one]) == nil)
    #expect(
      code(
        [Bytes.node("Reshape", ["b", "s"], "w")],
        [
          Bytes.tensor("b", [1], [2]), Bytes.tensor("s", integers: [1, -1, 1, 1]),
        ]) == nil)
  }

  @Test func fewBytesDoNotBecomeMany() {
    let large: [Int64] = [4096, 4096, 64, 1]
    #expect(
      code([Bytes.node("Expand", ["a", "s"], "w")], [one, Bytes.tensor("s", integers: large)])
        == "onnx_too_large")
    #expect(
      code([Bytes.node("ConstantOfShape", ["s"], "w")], [Bytes.tensor("s", integers: large)])
        == "onnx_too_large")
    // Steps, not only numbers: 1024 x 1024 x 1024 of them.
    #expect(
      code(
        [Bytes.node("MatMul", ["m", "m"], "w")],
        [
          Bytes.tensor("m", [1024, 1024], [Float](repeating: 0, count: 1 << 20))
        ]) == "onnx_too_large")
    // Doubled thirty times.
    let nodes = (0..<30).map { i in
      Bytes.node(
        "Concat", i == 0 ? ["a", "a"] : ["c\(i)", "c\(i)"], "c\(i + 1)", [Bytes.integer("axis", 0)])
    }
    #expect(code(nodes + [Bytes.node("Identity", ["c30"], "w")], [one]) == "onnx_too_large")
  }

  @Test func sizesOutOfRangeAreErrors() {
    let codes = ["onnx_invalid_node", "onnx_unsupported_form"]
    for size in [Int64.max, 1 << 40, -1, .min] {
      for op in ["ConstantOfShape", "Expand"] {
        let inputs = op == "Expand" ? ["a", "s"] : ["s"]
        let found = code(
          [Bytes.node(op, inputs, "w")], [one, Bytes.tensor("s", integers: [size, size, 1, 1])])
        #expect(codes.contains(found ?? ""), "\(op) \(size)")
      }
    }
    // Long beside empty: nothing may walk along it.
    for op in ["Transpose", "Neg", "Gather", "ReduceMean"] {
      let inputs = op == "Gather" ? ["e", "i"] : ["e"]
      let found = code(
        [Bytes.node(op, inputs, "w")],
        [Bytes.raw("e", [1 << 24, 1 << 24, 0], type: 1, []), Bytes.tensor("i", integers: [0])])
      #expect(codes.contains(found ?? ""), "\(op)")
    }
    // Rows without anything in them are walked, too: 2^40 of them.
    let empty = Bytes.raw("e", [1 << 20, 1 << 20, 0], type: 1, [])
    let axis = [Bytes.integer("axis", 2)]
    #expect(code([Bytes.node("Concat", ["e", "e"], "w", axis)], [empty]) == "onnx_too_large")
    #expect(
      code(
        [Bytes.node("Gather", ["e", "i"], "w", axis)],
        [empty, Bytes.raw("i", [0], type: 7, [])]) == "onnx_too_large")
  }

  @Test func contradictionsAreErrors() {
    let pair = Bytes.tensor("b", [2], [1, 2])
    let whole = Bytes.tensor("i", integers: [1, 2, 3])
    let cases: [(String, [String], [MessageBytes])] = [
      ("Add", ["b", "t"], []), ("Add", ["b", "i"], []), ("Add", ["i", "far"], []),
      ("Div", ["i", "zero"], []), ("Transpose", ["b"], [Bytes.integers("perm", [1])]),
      ("Transpose", ["b"], [Bytes.integers("perm", [0, 0])]), ("Reshape", ["b", "i"], []),
      ("Squeeze", ["b"], [Bytes.integers("axes", [0])]), ("Gather", ["b", "i"], []),
      ("Gather", ["b", "i"], [Bytes.integer("axis", .min)]), ("Slice", ["b", "i"], []),
      ("Slice", ["b", "zero", "i", "zero", "zero"], []), ("MatMul", ["b", "b"], []),
      ("Concat", ["b", "i"], []), ("Sqrt", ["i"], []), ("Cast", ["b"], []),
      ("Cast", ["nan"], [Bytes.integer("to", 7)]), ("Cast", ["b"], [Bytes.integer("to", 8)]),
      ("ReduceSum", ["b"], [Bytes.integers("axes", [.max])]),
      ("Flatten", ["b"], [Bytes.integer("axis", 9)]),
      ("Where", ["b", "b"], []), ("Unsqueeze", ["b"], [Bytes.integers("axes", [0, 0])]),
    ]
    let tensors = [
      pair, whole, Bytes.tensor("t", [3], [1, 2, 3]), Bytes.tensor("zero", integers: [0]),
      Bytes.tensor("far", integers: [.max]), Bytes.tensor("nan", [1], [.nan]),
    ]
    for (op, inputs, attributes) in cases {
      let found = code([Bytes.node(op, inputs, "w", attributes)], tensors)
      #expect(
        ["onnx_invalid_node", "onnx_unsupported_form", "onnx_tensor_type"].contains(found ?? ""),
        "\(op) \(inputs): \(found ?? "accepted")")
    }
  }
}
