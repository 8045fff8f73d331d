/// Writes graphs in the order of computation. Values are named by the node that makes them.
public struct GraphBuilder {
  private let input: ActivationShape
  private var nodes: [Node] = []
  private var channels: [String: Int]

  /// Starts a graph over images of that shape.
  public init(input: ActivationShape) {
    self.input = input
    channels = [Graph.inputName: input.channels]
  }

  /// The name of the image.
  public var image: String { Graph.inputName }

  private mutating func append(
    _ name: String, _ operation: Operation, _ inputs: [String], channels count: Int
  ) -> String {
    nodes.append(Node(name: name, operation: operation, inputs: inputs))
    channels[name] = count
    return name
  }

  /// A convolution without bias unless asked, followed by whatever the caller adds.
  public mutating func convolution(
    _ name: String, _ x: String, out: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    groups: Int = 1, bias: Bool = false
  ) -> String {
    let convolution = Convolution(
      inChannels: channels[x] ?? 0, outChannels: out,
      window: Window(kernel: kernel, stride: stride, padding: padding), groups: groups, bias: bias)
    return append(name, .convolution(convolution), [x], channels: out)
  }

  /// Batch normalisation over the channels of `x` (epsilon 1e-5, PyTorch's default).
  public mutating func batchNorm(_ name: String, _ x: String, epsilon: Float = 1e-5) -> String {
    let count = channels[x] ?? 0
    return append(name, .batchNorm(channels: count, epsilon: epsilon), [x], channels: count)
  }

  /// Rectification, with an upper limit for ReLU6.
  public mutating func relu(_ name: String, _ x: String, limit: Float? = nil) -> String {
    append(name, .relu(limit: limit), [x], channels: channels[x] ?? 0)
  }

  /// Maximum over a window.
  public mutating func maxPool(_ name: String, _ x: String, _ window: Window) -> String {
    append(name, .maxPool(window), [x], channels: channels[x] ?? 0)
  }

  /// Mean over a window.
  public mutating func averagePool(_ name: String, _ x: String, _ window: Window) -> String {
    append(name, .averagePool(window), [x], channels: channels[x] ?? 0)
  }

  /// Mean over all positions.
  public mutating func globalAveragePool(_ name: String, _ x: String) -> String {
    append(name, .globalAveragePool, [x], channels: channels[x] ?? 0)
  }

  /// Sum of two values.
  public mutating func add(_ name: String, _ x: String, _ y: String) -> String {
    append(name, .add, [x, y], channels: channels[x] ?? 0)
  }

  /// A fully connected layer with bias, on `features` flattened inputs.
  public mutating func linear(_ name: String, _ x: String, features: Int, out: Int) -> String {
    append(
      name, .linear(inFeatures: features, outFeatures: out, bias: true), [x], channels: out)
  }

  /// The finished graph, validated. Throws `GraphError` where nodes do not fit together.
  public func graph(output: String) throws(GraphError) -> Graph {
    let graph = Graph(input: input, nodes: nodes, output: output)
    _ = try graph.shapes()
    return graph
  }
}
