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

  @Test func everyOperationComesBack() throws {
    let graph = TestGraphs.everyOperation
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

  @Test func unknownKeysAreForTheFuture() throws {
    let node = try JSONDecoder().decode(
      Node.self,
      from: Data(#"{"name":"a","op":"add","inputs":["b","c"],"comment":"why"}"#.utf8))
    #expect(node == Node(name: "a", operation: .add, inputs: ["b", "c"]))
  }
}
