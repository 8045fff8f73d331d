import Foundation
import NeuralGraph
import Randomness
import Testing

/// Graphs as they might come in a file of someone else's: each is refused, none traps.
@Suite struct HostileGraphTests {
  /// The code of the error that decoding ends in, "json" for the decoder's own, nil for success.
  private func code(_ text: String) -> String? {
    do {
      _ = try JSONDecoder().decode(Graph.self, from: Data(text.utf8))
      return nil
    } catch let error as GraphError {
      return error.code
    } catch is DecodingError {
      return "json"
    } catch {
      return "\(error)"
    }
  }

  private func code(input: String = "[3,8,8]", node: String) -> String? {
    let sides = input.dropFirst().dropLast().split(separator: ",")
    return code(
      #"{"input":{"channels":\#(sides[0]),"height":\#(sides[1]),"width":\#(sides[2])},"#
        + #""nodes":[{"name":"x","inputs":["input"],\#(node)}],"output":"x"}"#)
  }

  private func convolution(
    in inChannels: String = "3", out: String = "4", kernel: String = "[3,3]",
    stride: String = "[1,1]", padding: String = "[1,1,1,1]", groups: String = "1"
  ) -> String {
    #""op":"convolution","in":\#(inChannels),"out":\#(out),"kernel":\#(kernel),"#
      + #""stride":\#(stride),"padding":\#(padding),"groups":\#(groups),"bias":false"#
  }

  private static let max = "9223372036854775807"
  private static let min = "-9223372036854775808"

  @Test func theUntouchedGraphIsAccepted() {
    #expect(code(node: convolution()) == nil)
  }

  @Test(arguments: ["0", "-1", "-4", min, max, "16777217"]) func channels(_ value: String) {
    #expect(code(node: convolution(out: value)) == "invalid_node")
    #expect(code(node: convolution(in: value)) == "invalid_node")
    #expect(code(input: "[\(value),8,8]", node: convolution(in: value)) == "invalid_node")
    #expect(code(node: #""op":"batch_norm","in":\#(value),"epsilon":1"#) == "invalid_node")
    #expect(
      code(node: #""op":"linear","in":192,"out":\#(value),"bias":true"#) == "invalid_node")
    #expect(code(node: #""op":"linear","in":\#(value),"out":2,"bias":true"#) == "invalid_node")
  }

  @Test(arguments: ["0", "-1", "4", min, max, "16777217"]) func scales(_ value: String) {
    #expect(code(node: #""op":"scale_shift","in":\#(value)"#) == "invalid_node")
  }

  @Test(arguments: ["-1", min, max, "16777217"]) func explicitPaddings(_ value: String) {
    for side in 0..<4 {
      var padding = ["0", "0", "0", "0"]
      padding[side] = value
      let list = "[\(padding.joined(separator: ","))]"
      #expect(code(node: #""op":"pad","padding":\#(list)"#) == "invalid_node")
    }
  }

  @Test func paddingWhoseSidesOverflowTogether() {
    let wide = "[16777216,16777216,16777216,16777216]"
    #expect(code(node: #""op":"pad","padding":\#(wide)"#) == "invalid_node")
    #expect(code(node: #""op":"pad","padding":[8388608,8388608,0,0]"#) == "invalid_node")
  }

  @Test func concatenationsThatOverflow() {
    let inputs = [String](repeating: #""input""#, count: 20).joined(separator: ",")
    let text =
      #"{"input":{"channels":16777216,"height":1,"width":1},"nodes":[{"name":"x","#
      + #""op":"concatenate","inputs":[\#(inputs)]}],"output":"x"}"#
    #expect(code(text) == "invalid_node")
    #expect(code(text.replacing("16777216", with: "8388608")) == "invalid_node")
    #expect(code(text.replacing("16777216", with: "838860")) == nil)
    #expect(code(text.replacing(inputs, with: "")) == "node_input_count")
  }

  @Test(arguments: ["1", "-1", "1e30", "0"]) func limits(_ value: String) {
    #expect(
      code(node: #""op":"clip","lower":\#(value),"upper":\#(value)"#) == "invalid_node")
  }

  @Test(arguments: ["0", "-0.0", "-1", "-1e30"]) func slopes(_ value: String) {
    #expect(code(node: #""op":"hard_sigmoid","slope":\#(value),"offset":0"#) == "invalid_node")
  }

  @Test(arguments: ["0", "-1", min, max, "2", "16777217"]) func groups(_ value: String) {
    #expect(code(node: convolution(groups: value)) == "invalid_node")
  }

  @Test(arguments: ["0", "-1", min, max, "16777217"]) func sidesOfTheInput(_ value: String) {
    #expect(code(input: "[3,\(value),8]", node: #""op":"relu""#) == "invalid_node")
    #expect(code(input: "[3,8,\(value)]", node: #""op":"relu""#) == "invalid_node")
  }

  @Test(arguments: ["0", "-1", min, max, "11"]) func kernels(_ value: String) {
    for kernel in ["[\(value),3]", "[3,\(value)]"] {
      #expect(code(node: convolution(kernel: kernel)) == "invalid_node")
      for pool in ["max_pool", "average_pool"] {
        let node = #""op":"\#(pool)","kernel":\#(kernel),"stride":[1,1],"padding":[1,1,1,1]"#
        #expect(code(node: node) == "invalid_node")
      }
    }
  }

  @Test(arguments: ["0", "-1", min, max, "16777217"]) func strides(_ value: String) {
    #expect(code(node: convolution(stride: "[\(value),1]")) == "invalid_node")
    #expect(code(node: convolution(stride: "[1,\(value)]")) == "invalid_node")
  }

  @Test(arguments: ["-1", "3", min, max]) func paddings(_ value: String) {
    for side in 0..<4 {
      var padding = ["0", "0", "0", "0"]
      padding[side] = value
      let list = "[\(padding.joined(separator: ","))]"
      #expect(code(node: convolution(padding: list)) == "invalid_node")
    }
  }

  /// Every side is in range here; only their product is not.
  @Test func productsThatOverflow() {
    let side = "16777216"
    let reach = "[16777215,16777215,0,0]"
    #expect(code(input: "[\(side),\(side),\(side)]", node: #""op":"relu""#) == "invalid_node")
    #expect(code(input: "[\(side),\(side),1]", node: #""op":"relu""#) == "invalid_node")
    // A weight of 2^96 values, which once overflowed where its matrix was measured.
    let huge = convolution(in: side, out: side, kernel: "[\(side),\(side)]", padding: reach)
    #expect(code(input: "[\(side),1,1]", node: huge) == "invalid_node")
    let wide = convolution(in: "1", out: side, kernel: "[\(side),1]", padding: "[16777215,0,0,0]")
    #expect(code(input: "[1,1,1]", node: wide) == "invalid_node")
    #expect(
      code(input: "[1,1048576,1]", node: #""op":"linear","in":1048576,"out":\#(side),"bias":true"#)
        == "invalid_node")
  }

  @Test func theLargestWeightIsStillMeasured() throws {
    let graph = Graph(
      input: ActivationShape(channels: 1, height: 1 << 20, width: 1),
      nodes: [
        Node(
          name: "x", operation: .linear(inFeatures: 1 << 20, outFeatures: 1 << 20, bias: true),
          inputs: ["input"])
      ], output: "x")
    _ = try graph.shapes()
    #expect(WeightMatrix(graph.nodes[0].operation)?.count == 1 << 40)
  }

  @Test(arguments: [
    #""op":"dropout""#, #""op":1"#, #""op":null"#, #""name":"y""#,
    #""op":"convolution","in":3,"out":4"#,
    #""op":"max_pool","kernel":[2],"stride":[1,1],"padding":[0,0,0,0]"#,
    #""op":"max_pool","kernel":[2,2,2],"stride":[1,1],"padding":[0,0,0,0]"#,
    #""op":"max_pool","kernel":[2,2],"stride":[],"padding":[0,0,0,0]"#,
    #""op":"max_pool","kernel":[2,2],"stride":[1,1],"padding":[0,0]"#,
    #""op":"max_pool","kernel":[2.5,2],"stride":[1,1],"padding":[0,0,0,0]"#,
    #""op":"max_pool","kernel":["2",2],"stride":[1,1],"padding":[0,0,0,0]"#,
    #""op":"linear","in":192,"out":9223372036854775808,"bias":true"#,
    #""op":"linear","in":192,"out":1e30,"bias":true"#,
    #""op":"linear","in":192,"out":2,"bias":1"#,
    #""op":"relu","limit":"6""#, #""op":"relu","limit":1e999"#,
    #""op":"clip","lower":0"#, #""op":"clip","upper":0"#, #""op":"clip","lower":0,"upper":"6""#,
    #""op":"clip","lower":0,"upper":1e39"#, #""op":"clip","lower":null,"upper":1"#,
    #""op":"hard_sigmoid","slope":1"#, #""op":"hard_sigmoid","slope":[],"offset":0"#,
    #""op":"scale_shift""#, #""op":"scale_shift","in":3.5"#, #""op":"scale_shift","in":1e30"#,
    #""op":"pad""#, #""op":"pad","padding":[0,0,0]"#, #""op":"pad","padding":[0,0,0,0,0]"#,
    #""op":"pad","padding":[0,0,0,0.5]"#, #""op":"pad","padding":1"#, #""op":"hardSwish""#,
    #""op":"average_pool","kernel":[2,2],"stride":[1,1],"padding":[0,0,0,0],"counts_padding":1"#,
    #""op":"batch_norm","in":3,"epsilon":"NaN""#, #""op":"batch_norm","in":3"#,
  ])
  func wrongTypes(_ node: String) {
    #expect(code(node: node) == "json")
  }

  @Test(arguments: [
    "", "{", "null", "[]", "{}", #"{"input":null,"nodes":[],"output":"x"}"#,
    #"{"input":{"channels":1,"height":1},"nodes":[],"output":"x"}"#,
    #"{"input":{"channels":1,"height":1,"width":1},"nodes":{},"output":"x"}"#,
    #"{"input":{"channels":1,"height":1,"width":1},"nodes":[]}"#,
    String(repeating: "[", count: 100_000),
    #"{"nodes":"# + String(repeating: #"[{"inputs":"#, count: 20_000),
  ])
  func wrongDocuments(_ text: String) {
    #expect(code(text) == "json")
  }

  /// What a reader of a valid graph does with it must not trap either.
  private func measure(_ graph: Graph) throws {
    let shapes = try graph.shapes()
    #expect(shapes.count == graph.nodes.count + 1)
    for shape in shapes.values { #expect(shape.count > 0) }
    for node in graph.nodes {
      if let matrix = WeightMatrix(node.operation) {
        #expect(matrix.count == Tensor.count(of: node.parameters[0].shape))
      }
    }
    let encoded = try JSONEncoder().encode(graph)
    #expect(try JSONDecoder().decode(Graph.self, from: encoded) == graph)
  }

  @Test(
    arguments: [TestGraphs.everyOperation, TestGraphs.importedOperations],
    0..<4 as Range<UInt64>)
  func mutatedGraphsNeverTrap(_ graph: Graph, _ seed: UInt64) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(graph), as: UTF8.self)
    var mutation = JSONMutation(text, seed: seed)
    var outcomes: [String: Int] = [:]
    for _ in 0..<1500 {
      let mutated = mutation.next()
      let code = code(mutated)
      outcomes[code ?? "valid", default: 0] += 1
      if code == nil {
        try measure(JSONDecoder().decode(Graph.self, from: Data(mutated.utf8)))
      }
    }
    // Mutations that reach neither the decoder's checks nor the graph's would test nothing.
    for outcome in ["valid", "json", "invalid_node", "unknown_node_input"] {
      #expect(outcomes[outcome, default: 0] > 10, "\(outcomes)")
    }
    let known: Set = [
      "valid", "json", "invalid_node", "unknown_node_input", "duplicate_node_name",
      "node_input_count", "unknown_graph_output",
    ]
    #expect(Set(outcomes.keys).isSubset(of: known), "\(outcomes)")
  }
}
