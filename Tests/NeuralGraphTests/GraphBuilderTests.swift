import NeuralGraph
import Testing

@Suite struct GraphBuilderTests {
  private let input = ActivationShape(channels: 3, height: 16, width: 16)

  @Test func writesWhatItIsTold() throws {
    var builder = GraphBuilder(input: input)
    var x = builder.convolution(
      "c", builder.image, out: 6, kernel: 3, stride: 2, padding: 1, groups: 3, bias: true)
    x = builder.batchNorm("b", x)
    let skip = x
    x = builder.relu("r", x, limit: 6)
    x = builder.add("a", x, skip)
    x = builder.maxPool("m", x, Window(kernel: 2, stride: 2))
    x = builder.averagePool("v", x, Window(kernel: 2))
    x = builder.convolution("d", x, out: 4, kernel: 1)
    x = builder.globalAveragePool("g", x)
    x = builder.linear("l", x, features: 4, out: 5)
    let graph = try builder.graph(output: x)
    let first = Convolution(
      inChannels: 3, outChannels: 6, window: Window(kernel: 3, stride: 2, padding: 1), groups: 3,
      bias: true)
    let second = Convolution(
      inChannels: 6, outChannels: 4, window: Window(kernel: 1), bias: false)
    #expect(
      graph.nodes == [
        Node(name: "c", operation: .convolution(first), inputs: ["input"]),
        Node(name: "b", operation: .batchNorm(channels: 6, epsilon: 1e-5), inputs: ["c"]),
        Node(name: "r", operation: .relu(limit: 6), inputs: ["b"]),
        Node(name: "a", operation: .add, inputs: ["r", "b"]),
        Node(name: "m", operation: .maxPool(Window(kernel: 2, stride: 2)), inputs: ["a"]),
        Node(name: "v", operation: .averagePool(Window(kernel: 2)), inputs: ["m"]),
        Node(name: "d", operation: .convolution(second), inputs: ["v"]),
        Node(name: "g", operation: .globalAveragePool, inputs: ["d"]),
        Node(
          name: "l", operation: .linear(inFeatures: 4, outFeatures: 5, bias: true), inputs: ["g"]),
      ])
    #expect(graph.input == input && graph.output == "l")
    #expect(try graph.shapes()["l"]?.description == "5x1x1")
  }

  @Test func mistakesSurfaceAtTheEnd() {
    func error(_ write: (inout GraphBuilder) -> String) -> GraphError? {
      var builder = GraphBuilder(input: input)
      let output = write(&builder)
      return #expect(throws: GraphError.self) { try builder.graph(output: output) }
    }
    #expect(
      error { $0.convolution("c", "nowhere", out: 4, kernel: 3) }
        == .unknownInput(node: "c", input: "nowhere"))
    #expect(
      error { builder in
        _ = builder.relu("r", builder.image)
        return builder.relu("r", "r")
      } == .duplicateName("r"))
    #expect(error { $0.relu("input", $0.image) } == .duplicateName("input"))
    #expect(error { _ in "r" } == .unknownOutput("r"))
    #expect(error { $0.image } == .unknownOutput("input"))
    #expect(
      error { $0.linear("l", $0.image, features: 3, out: 2) }
        == .invalidNode(node: "l", reason: "it expects 3 features and reads 768"))
    #expect(
      error { $0.convolution("c", $0.image, out: 4, kernel: 17) }
        == .invalidNode(node: "c", reason: "its window does not fit an input of 3x16x16"))
    #expect(
      error { $0.convolution("c", $0.image, out: 4, kernel: 3, groups: 2) }
        == .invalidNode(node: "c", reason: "2 groups do not divide 3 and 4 channels"))
  }
}
