/// What can be wrong with a graph or with the weights that are to fill it.
public enum GraphError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A tensor's values do not fill its shape.
  case tensorSize(shape: [Int], count: Int)
  /// Two nodes share a name, or a node is called like the input.
  case duplicateName(String)
  /// A node reads a value that no earlier node (nor the input) produces.
  case unknownInput(node: String, input: String)
  /// A node has the wrong number of inputs.
  case inputCount(node: String, expected: Int, found: Int)
  /// A node's attributes do not make sense or do not fit what it reads.
  case invalidNode(node: String, reason: String)
  /// The graph's output names no node.
  case unknownOutput(String)
  /// A weight is missing.
  case missingWeight(String)
  /// A weight's shape is not what the graph needs.
  case weightShape(name: String, expected: [Int], found: [Int])
  /// The weights hold a name that the graph does not know.
  case unexpectedWeight(String)
  /// A weight holds an infinity or NaN.
  case weightNotFinite(name: String, value: String, index: Int)
  /// Batch norm's variance is below zero.
  case negativeVariance(name: String, value: Float, index: Int)
  /// No architecture has this name.
  case unknownArchitecture(String, known: [String])
  /// A network cannot be that many times as wide.
  case invalidWidth(Double)

  /// A stable identifier of the failure, for logs and API answers.
  public var code: String {
    switch self {
    case .tensorSize: "tensor_size"
    case .duplicateName: "duplicate_node_name"
    case .unknownInput: "unknown_node_input"
    case .inputCount: "node_input_count"
    case .invalidNode: "invalid_node"
    case .unknownOutput: "unknown_graph_output"
    case .missingWeight: "missing_weight"
    case .weightShape: "weight_shape"
    case .unexpectedWeight: "unexpected_weight"
    case .weightNotFinite: "weight_not_finite"
    case .negativeVariance: "negative_variance"
    case .unknownArchitecture: "unknown_architecture"
    case .invalidWidth: "invalid_width"
    }
  }

  /// One sentence for a person.
  public var description: String {
    switch self {
    case .tensorSize(let shape, let count):
      "a tensor of shape \(shape) cannot hold \(count) values"
    case .duplicateName(let name): "two nodes are named '\(name)'"
    case .unknownInput(let node, let input):
      "node '\(node)' reads '\(input)', which no earlier node produces"
    case .inputCount(let node, let expected, let found):
      "node '\(node)' needs \(expected) input(s) and has \(found)"
    case .invalidNode(let node, let reason): "node '\(node)': \(reason)"
    case .unknownOutput(let name): "the graph's output '\(name)' is not one of its nodes"
    case .missingWeight(let name): "the weight '\(name)' is missing"
    case .weightShape(let name, let expected, let found):
      "the weight '\(name)' has shape \(found); the graph needs \(expected)"
    case .unexpectedWeight(let name): "the network does not use the weight '\(name)'"
    case .weightNotFinite(let name, let value, let index):
      "the weight '\(name)' is not a number at position \(index) (\(value)): the training that made "
        + "it diverged, or the file is damaged; take an earlier checkpoint"
    case .negativeVariance(let name, let value, let index):
      "the variance '\(name)' is negative at position \(index) (\(value)), so that it has no root: "
        + "the file is damaged, or its tensors were mixed up"
    case .unknownArchitecture(let name, let known):
      "there is no architecture '\(name)'; known ones are \(known.joined(separator: ", "))"
    case .invalidWidth(let width):
      "a network cannot be \(width) times as wide: the factor must lie in 0 < width ≤ 16"
    }
  }
}
