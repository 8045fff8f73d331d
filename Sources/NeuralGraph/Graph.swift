/// One step of a graph: an operation, the names of the values it reads, and its own name, which
/// is also the name of the value it produces and the prefix of its weights.
public struct Node: Hashable, Sendable {
  /// Unique in its graph.
  public var name: String
  /// What is computed.
  public var operation: Operation
  /// Names of earlier nodes, or `Graph.inputName`.
  public var inputs: [String]

  /// A node as given; `Graph.shapes()` validates it in its graph.
  public init(name: String, operation: Operation, inputs: [String]) {
    self.name = name
    self.operation = operation
    self.inputs = inputs
  }
}

/// A feed-forward network over images: nodes in an order in which each reads only values that
/// exist already. Engines run it; files store it; it holds no weights.
public struct Graph: Hashable, Sendable {
  /// The name under which nodes read the image.
  public static let inputName = "input"
  /// No side, channel count or feature count may exceed this, so that products of two fit 64 bits
  /// with room to spare.
  public static let largestSide = 1 << 24
  /// No activation and no weight may hold more values, so that their indices and counts in bits
  /// fit 64 bits.
  static let largestCount = 1 << 40

  /// The shape of one image.
  public var input: ActivationShape
  /// In the order of computation.
  public var nodes: [Node]
  /// The node whose value holds the class scores (logits).
  public var output: String

  /// A graph as given. Call `shapes()` before trusting one that came from outside.
  public init(input: ActivationShape, nodes: [Node], output: String) {
    self.input = input
    self.nodes = nodes
    self.output = output
  }

  /// The node of that name.
  public func node(named name: String) -> Node? { nodes.first { $0.name == name } }

  /// Shape of every value by name, including the input's. This is the graph's validation: it
  /// throws on the first node that does not fit.
  public func shapes() throws(GraphError) -> [String: ActivationShape] {
    guard Graph.isValid(input) else {
      throw .invalidNode(node: Graph.inputName, reason: "the shape \(input) is out of range")
    }
    var known = [Graph.inputName: input]
    for node in nodes {
      guard known[node.name] == nil else { throw .duplicateName(node.name) }
      var read: [ActivationShape] = []
      for name in node.inputs {
        guard let shape = known[name] else { throw .unknownInput(node: node.name, input: name) }
        read.append(shape)
      }
      let shape = try node.outputShape(reading: read)
      known[node.name] = shape
    }
    guard nodes.contains(where: { $0.name == output }) else { throw .unknownOutput(output) }
    return known
  }

  static func isValid(_ shape: ActivationShape) -> Bool {
    let sides = [shape.channels, shape.height, shape.width]
    guard sides.allSatisfy({ (1...largestSide).contains($0) }),
      let count = Tensor.count(of: sides)
    else { return false }
    return count <= largestCount
  }
}

extension Node {
  /// The shape of this node's value, from the valid shapes of the values that it reads. This is a
  /// node's validation: it throws when the node does not fit them.
  public func outputShape(
    reading inputs: [ActivationShape]
  ) throws(GraphError) -> ActivationShape {
    guard inputs.count == operation.inputCount, !inputs.isEmpty else {
      throw .inputCount(node: name, expected: operation.inputCount, found: inputs.count)
    }
    let shape = try uncheckedOutputShape(reading: inputs)
    guard Graph.isValid(shape) else {
      throw .invalidNode(node: name, reason: "its output \(shape) is out of range")
    }
    for parameter in parameters {
      guard let count = Tensor.count(of: parameter.shape), count <= Graph.largestCount else {
        throw .invalidNode(
          node: name, reason: "its weight of shape \(parameter.shape) is out of range")
      }
    }
    return shape
  }

  private func uncheckedOutputShape(
    reading inputs: [ActivationShape]
  ) throws(GraphError) -> ActivationShape {
    let x = inputs[0]
    func invalid(_ reason: String) -> GraphError { .invalidNode(node: name, reason: reason) }
    func moved(_ window: Window, channels: Int) throws(GraphError) -> ActivationShape {
      guard let size = window.outputSize(of: x) else {
        throw invalid("its window does not fit an input of \(x)")
      }
      return ActivationShape(channels: channels, height: size.height, width: size.width)
    }
    switch operation {
    case .convolution(let c):
      guard c.inChannels == x.channels else {
        throw invalid("it expects \(c.inChannels) channels and reads \(x.channels)")
      }
      guard c.groups > 0, c.outChannels > 0, c.inChannels % c.groups == 0,
        c.outChannels % c.groups == 0
      else {
        throw invalid(
          "\(c.groups) groups do not divide \(c.inChannels) and \(c.outChannels) channels")
      }
      return try moved(c.window, channels: c.outChannels)
    case .batchNorm(let channels, let epsilon):
      guard channels == x.channels else {
        throw invalid("it expects \(channels) channels and reads \(x.channels)")
      }
      guard epsilon > 0, epsilon.isFinite else { throw invalid("epsilon must be positive") }
      return x
    case .relu(let limit):
      // JSON has no infinity; a limit without one is no limit at all.
      if let limit, !(limit > 0 && limit.isFinite) {
        throw invalid("the limit must be positive and finite")
      }
      return x
    case .clip(let lower, let upper):
      guard lower < upper, lower.isFinite, upper.isFinite else {
        throw invalid("its limits must be finite and in order")
      }
      return x
    case .hardSigmoid(let slope, let offset):
      guard slope > 0, slope.isFinite, offset.isFinite else {
        throw invalid("its slope must be positive and finite, its offset finite")
      }
      return x
    case .sigmoid, .hardSwish:
      return x
    case .scaleShift(let channels):
      guard channels == x.channels else {
        throw invalid("it expects \(channels) channels and reads \(x.channels)")
      }
      return x
    case .maxPool(let window), .averagePool(let window, _):
      return try moved(window, channels: x.channels)
    case .globalAveragePool:
      return ActivationShape(channels: x.channels, height: 1, width: 1)
    case .add:
      guard x == inputs[1] else { throw invalid("it adds \(x) and \(inputs[1])") }
      return x
    case .multiply:
      let gates = ActivationShape(channels: x.channels, height: 1, width: 1)
      guard inputs[1] == x || inputs[1] == gates else {
        throw invalid("it multiplies \(x) by \(inputs[1])")
      }
      return x
    case .concatenate:
      var channels = 0
      for input in inputs {
        guard input.height == x.height, input.width == x.width else {
          throw invalid("it concatenates \(x) and \(input)")
        }
        let (sum, overflow) = channels.addingReportingOverflow(input.channels)
        guard !overflow else { throw invalid("it has too many channels") }
        channels = sum
      }
      return ActivationShape(channels: channels, height: x.height, width: x.width)
    case .pad(let padding):
      let sides = [padding.top, padding.left, padding.bottom, padding.right]
      guard sides.allSatisfy({ (0...Graph.largestSide).contains($0) }) else {
        throw invalid("its padding is out of range")
      }
      return ActivationShape(
        channels: x.channels, height: x.height + padding.top + padding.bottom,
        width: x.width + padding.left + padding.right)
    case .linear(let inFeatures, let outFeatures, _):
      guard inFeatures == x.count else {
        throw invalid("it expects \(inFeatures) features and reads \(x.count)")
      }
      return ActivationShape(channels: outFeatures, height: 1, width: 1)
    }
  }
}
