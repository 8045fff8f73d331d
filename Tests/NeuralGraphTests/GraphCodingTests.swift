import Foundation
import NeuralGraph
import Testing

@Suite struct GraphCodingTests {
  private func encoded(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  private func decoded(_ text: String) throws -> Graph {
    try JSONDecoder().decode(Graph.self, from: Data(text.utf8))
  }

  @Test(arguments: [TestGraphs.everyOperation, TestGraphs.importedOperations])
  func everyOperationComesBack(_ graph: Graph) throws {
    let text = try encoded(graph)
    #expect(try decoded(text) == graph)
    #expect(try encoded(decoded(text)) == text)
  }

  @Test(arguments: Architecture.allCases) func architecturesComeBack(_ architecture: Architecture)
    throws
  {
    let graph = try architecture.graph(
      input: ActivationShape(channels: 3, height: 32, width: 32), classes: 100)
    #expect(try decoded(encoded(graph)) == graph)
  }

  /// The form other programs read; model files hold it, so it must not drift.
  static let forms: [(node: Int, json: String)] = [
    (
      0,
      #"{"bias":true,"groups":2,"in":4,"inputs":["input"],"kernel":[3,2],"name":"conv","#
        + #""op":"convolution","out":6,"padding":[0,1,1,0],"stride":[2,1]}"#
    ),
    (
      1, #"{"epsilon":0.0009765625,"in":6,"inputs":["conv"],"name":"bn","op":"batch_norm"}"#
    ),
    (2, #"{"inputs":["bn"],"limit":6,"name":"relu6","op":"relu"}"#),
    (3, #"{"inputs":["relu6"],"name":"relu","op":"relu"}"#),
    (5, #"{"inputs":["depthwise","relu6"],"name":"sum","op":"add"}"#),
    (
      6,
      #"{"inputs":["sum"],"kernel":[2,2],"name":"pool","op":"max_pool","padding":[0,0,0,0],"#
        + #""stride":[2,2]}"#
    ),
    (
      7,
      #"{"inputs":["pool"],"kernel":[3,3],"name":"mean","op":"average_pool","#
        + #""padding":[1,1,1,1],"stride":[2,2]}"#
    ),
    (9, #"{"inputs":["hidden"],"name":"global","op":"global_average_pool"}"#),
    (10, #"{"bias":false,"in":5,"inputs":["global"],"name":"fc","op":"linear","out":3}"#),
  ]

  @Test(arguments: forms.indices) func nodesAreFlatObjects(_ index: Int) throws {
    let (position, json) = Self.forms[index]
    let node = TestGraphs.everyOperation.nodes[position]
    #expect(try JSONDecoder().decode(Node.self, from: Data(json.utf8)) == node)
    #expect(try encoded(node) == json)
  }

  static let importedForms: [(node: Int, json: String)] = [
    (0, #"{"inputs":["input"],"name":"pad","op":"pad","padding":[0,1,1,2]}"#),
    (2, #"{"in":5,"inputs":["conv"],"name":"scale","op":"scale_shift"}"#),
    (3, #"{"inputs":["scale"],"lower":-0.5,"name":"clip","op":"clip","upper":1.25}"#),
    (4, #"{"inputs":["clip"],"name":"hard_swish","op":"hard_swish"}"#),
    (
      6,
      #"{"inputs":["squeeze"],"name":"hard_sigmoid","offset":0.5,"op":"hard_sigmoid","#
        + #""slope":0.25}"#
    ),
    (7, #"{"inputs":["hard_swish","hard_sigmoid"],"name":"gated","op":"multiply"}"#),
    (8, #"{"inputs":["gated"],"name":"sigmoid","op":"sigmoid"}"#),
    (
      10,
      #"{"counts_padding":true,"inputs":["swish"],"kernel":[3,3],"name":"mean","#
        + #""op":"average_pool","padding":[1,1,1,1],"stride":[1,1]}"#
    ),
    (11, #"{"inputs":["mean","conv","mean"],"name":"joined","op":"concatenate"}"#),
  ]

  @Test(arguments: importedForms.indices) func importedNodesAreFlatObjects(_ index: Int) throws {
    let (position, json) = Self.importedForms[index]
    let node = TestGraphs.importedOperations.nodes[position]
    #expect(try JSONDecoder().decode(Node.self, from: Data(json.utf8)) == node)
    #expect(try encoded(node) == json)
  }

  /// Files from before there was a choice do not say whether padding counts: it does not.
  @Test func paddingCountsOnlyWhereAFileSaysSo() throws {
    let start = #"{"inputs":["x"],"kernel":[2,2],"name":"a","op":"average_pool","#
    let end = #""padding":[0,0,0,0],"stride":[2,2]}"#
    for (key, expected) in [
      ("", false), (#""counts_padding":false,"#, false), (#""counts_padding":true,"#, true),
    ] {
      let node = try JSONDecoder().decode(Node.self, from: Data((start + key + end).utf8))
      #expect(
        node.operation
          == .averagePool(Window(kernel: 2, stride: 2), countsPadding: expected))
    }
  }

  @Test func unknownKeysAreForTheFuture() throws {
    let node = try JSONDecoder().decode(
      Node.self,
      from: Data(#"{"name":"a","op":"add","inputs":["b","c"],"comment":"why"}"#.utf8))
    #expect(node == Node(name: "a", operation: .add, inputs: ["b", "c"]))
  }
}
