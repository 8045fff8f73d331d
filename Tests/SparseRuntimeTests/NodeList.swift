import NeuralGraph

/// Writes graphs with the operations for which `GraphBuilder` has no method.
struct NodeList {
  var graph: Graph
  private var channels: [String: Int]

  init(_ channels: Int, _ height: Int, _ width: Int) {
    let input = ActivationShape(channels: channels, height: height, width: width)
    graph = Graph(input: input, nodes: [], output: "")
    self.channels = [Graph.inputName: channels]
  }

  /// Appends a node, names it after its position and makes it the output.
  mutating func add(_ operation: Operation, _ inputs: String...) -> String {
    append(operation, inputs)
  }

  mutating func concatenate(_ inputs: String...) -> String {
    append(.concatenate(inputs: inputs.count), inputs)
  }

  mutating func convolution(
    _ x: String, out: Int, kernel: Int = 1, stride: Int = 1, padding: Int? = nil, groups: Int = 1
  ) -> String {
    let window = Window(kernel: kernel, stride: stride, padding: padding ?? kernel / 2)
    return append(
      .convolution(
        Convolution(
          inChannels: channels[x] ?? 0, outChannels: out, window: window, groups: groups,
          bias: true)), [x])
  }

  private mutating func append(_ operation: Operation, _ inputs: [String]) -> String {
    let name = "node\(graph.nodes.count)"
    graph.nodes.append(Node(name: name, operation: operation, inputs: inputs))
    graph.output = name
    channels[name] = (try? graph.shapes())?[name]?.channels
    return name
  }
}
