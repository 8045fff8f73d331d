import ModelFormats
import NeuralGraph

/// Translates an ONNX graph node by node. Values are known by their ONNX names; each extension
/// reads one family of operators.
struct Importer {
  /// The version of the standard operators.
  let opset: Int64
  private var values: [String: Value] = [:]
  /// Initializers that no node has read yet.
  private var initializers: [String: ONNXTensor] = [:]
  /// How many nodes, the output included, read a value.
  private var readers: [String: Int] = [:]
  /// The operator of a value's last reader.
  private var readingOperators: [String: String] = [:]
  private var names = LayerNames()
  private var nodes: [Node] = []
  private var nodeIndices: [String: Int] = [:]
  private(set) var weights: Weights = [:]
  /// Numbers that weights may still hold, see `reserve`.
  private var budget: Int
  private(set) var droppedOperators: [String] = []

  /// `fileSize` in bytes bounds what the model may hold.
  init(opset: Int64, fileSize: Int) {
    self.opset = opset
    // Legitimate growth is small: half precision becomes 32 bits, a scalar one number per channel,
    // shared tensors copies.
    budget = fileSize + (1 << 20)
  }

  /// The graph of an ONNX graph whose image is of shape `image` where the file leaves that open.
  mutating func run(
    _ graph: ONNXGraph, image: ActivationShape?
  ) throws(ONNXError) -> Graph {
    for tensor in graph.initializer {
      guard initializers.updateValue(tensor, forKey: tensor.name) == nil else {
        throw .duplicateValue(tensor.name)
      }
    }
    let input = try inputShape(graph, image: image)
    guard graph.output.count == 1, let output = graph.output.first?.name else {
      throw .unsupportedOutput(
        reason: "there must be one, the class scores, and there are \(graph.output.count)")
    }
    for node in try needed(graph, output: output) { try translate(node) }
    guard case .activation(let scores)? = values[output] else {
      throw .unsupportedOutput(reason: "no node computes '\(output)' from the image")
    }
    guard nodeIndices[scores.node] != nil else {
      throw .unsupportedOutput(reason: "it is the image itself")
    }
    return Graph(input: input, nodes: nodes, output: scores.node)
  }

  /// Registers the image and answers its shape.
  private mutating func inputShape(
    _ graph: ONNXGraph, image: ActivationShape?
  ) throws(ONNXError) -> ActivationShape {
    // Older files list initializers among the inputs.
    let inputs = graph.input.filter { initializers[$0.name] == nil }
    guard inputs.count == 1, let input = inputs.first else {
      throw .unsupportedInput(
        reason: "there must be one, the image, and there are \(inputs.count)")
    }
    guard TensorType(rawValue: input.type.tensorType.elemType)?.isFloat == true else {
      throw .unsupportedInput(reason: "'\(input.name)' does not hold floating-point numbers")
    }
    let dimensions = input.type.tensorType.shape.dim
    guard dimensions.count == 4 else {
      throw .unsupportedInput(
        reason: "'\(input.name)' has \(dimensions.count) dimensions; images in batches have four "
          + "(batch, channels, height, width)")
    }
    var sides: [Int] = []
    let fallback = [image?.channels, image?.height, image?.width]
    for (dimension, fallback) in zip(dimensions.dropFirst(), fallback) {
      if case .dimValue(let value)? = dimension.value, value > 0 {
        sides.append(Int(value))
      } else if let fallback {
        sides.append(fallback)
      } else {
        throw .unsupportedInput(
          reason: "'\(input.name)' leaves its channels, height or width open; export the model "
            + "with a fixed image size, or state one as preprocessing")
      }
    }
    let shape = ActivationShape(channels: sides[0], height: sides[1], width: sides[2])
    // Validates the sides, so that the arithmetic below is safe.
    do {
      _ = try Node(name: "image", operation: .relu(limit: nil), inputs: [Graph.inputName])
        .outputShape(reading: [shape])
    } catch {
      throw .unsupportedInput(reason: "an image of \(shape) is too large")
    }
    values[input.name] = .activation(
      Activation(node: Graph.inputName, shape: shape, layout: .image))
    return shape
  }

  /// The nodes that the output depends on. Also counts every value's readers.
  private mutating func needed(
    _ graph: ONNXGraph, output: String
  ) throws(ONNXError) -> [OperatorNode] {
    readers[output] = 1
    var result: [OperatorNode] = []
    for node in graph.node.reversed() where node.output.contains(where: { readers[$0] != nil }) {
      let node = try OperatorNode(node)
      for input in node.inputs where !input.isEmpty {
        readers[input, default: 0] += 1
        readingOperators[input] = node.op
      }
      result.append(node)
    }
    return result.reversed()
  }

  // What the operators' extensions use

  /// Whatever input number `index` is. Throws when it is missing or unknown.
  mutating func value(_ node: OperatorNode, _ index: Int) throws(ONNXError) -> Value {
    guard node.hasInput(index) else { throw node.invalid("its input \(index + 1) is missing") }
    let name = node.inputs[index]
    if let tensor = initializers.removeValue(forKey: name) {
      guard values[name] == nil else { throw .duplicateValue(name) }
      values[name] = .constant(try Constant(tensor, name: name))
    }
    switch values[name] {
    case .activation(var activation)?:
      guard !activation.isNormalized else {
        throw node.unsupported("it reads the result of a softmax, which may only end a network")
      }
      activation.isShared = activation.isShared || readers[name, default: 0] > 1
      return .activation(activation)
    case let value?: return value
    case nil: throw .unknownValue(node: node.label, value: name)
    }
  }

  /// Input number `index` as an activation, with its padding carried out.
  mutating func activation(_ node: OperatorNode, _ index: Int) throws(ONNXError) -> Activation {
    guard case .activation(let activation) = try value(node, index) else {
      throw node.unsupported("its input \(index + 1) does not depend on the image")
    }
    return activation
  }

  /// The same, as [N, channels, height, width].
  mutating func image(_ node: OperatorNode, _ index: Int) throws(ONNXError) -> Activation {
    let activation = try activation(node, index)
    guard activation.layout == .image else {
      throw node.invalid("it needs an image, and reads a list of features")
    }
    return activation
  }

  /// Input number `index` as a constant.
  mutating func constant(_ node: OperatorNode, _ index: Int) throws(ONNXError) -> Constant {
    switch try value(node, index) {
    case .constant(let constant): return constant
    case .extents(let extents) where !extents.contains(.batch):
      let sizes = extents.compactMap { if case .known(let size) = $0 { size } else { nil } }
      return Constant(name: node.inputs[index], shape: [sizes.count], values: .integers(sizes))
    default: throw node.unsupported("its input \(index + 1) must be constant")
    }
  }

  /// A constant list of numbers given as attribute `key` (older operator sets) or as an input.
  mutating func integers(
    _ node: OperatorNode, attribute key: String, input index: Int
  ) throws(ONNXError) -> [Int]? {
    if node.hasInput(index) { return try constant(node, index).integers() }
    return try node.integers(key)
  }

  /// A weight of a given shape.
  mutating func tensor(
    _ node: OperatorNode, _ constant: Constant
  ) throws(ONNXError) -> Tensor {
    let values = try constant.floats()
    try reserve(values.count, for: node)
    return try tensor(node, shape: constant.shape, values)
  }

  func tensor(
    _ node: OperatorNode, shape: [Int], _ values: [Float]
  ) throws(ONNXError) -> Tensor {
    do {
      return try Tensor(shape: shape, values: values)
    } catch {
      throw node.invalid(error.description)
    }
  }

  /// Counts numbers that the model will hold, so that a small file cannot ask for much memory by
  /// naming one tensor often or a scalar for many channels.
  mutating func reserve(_ count: Int, for node: OperatorNode) throws(ONNXError) {
    guard count <= budget else { throw .tooLarge(node: node.label, op: node.op) }
    budget -= count
  }

  /// Appends a node without weights and returns its value.
  mutating func append(
    _ node: OperatorNode, _ operation: Operation, _ inputs: [Activation],
    layout: Activation.Layout? = nil
  ) throws(ONNXError) -> Activation {
    let name = names.operation(node)
    return try append(
      node, name: name, operation, inputs, [:], layout: layout ?? inputs.first?.layout ?? .image)
  }

  /// Appends a node whose weights are given by what they are there (`weight`, `bias`); the name
  /// follows from the ONNX name of the weight, where that says it.
  mutating func append(
    _ node: OperatorNode, _ operation: Operation, _ input: Activation,
    _ tensors: [String: Tensor], named weight: String, layout: Activation.Layout
  ) throws(ONNXError) -> Activation {
    let name = names.layer(node, weight: weight)
    return try append(node, name: name, operation, [input], tensors, layout: layout)
  }

  private mutating func append(
    _ node: OperatorNode, name: String, _ operation: Operation, _ inputs: [Activation],
    _ tensors: [String: Tensor], layout: Activation.Layout
  ) throws(ONNXError) -> Activation {
    let added = Node(name: name, operation: operation, inputs: inputs.map(\.node))
    let shape: ActivationShape
    do {
      shape = try added.outputShape(reading: inputs.map(\.shape))
    } catch .invalidNode(_, let reason) {
      throw node.invalid(reason)
    } catch {
      throw node.invalid(error.description)
    }
    for parameter in added.parameters {
      let key = String(parameter.name.dropFirst(name.count + 1))
      guard let tensor = tensors[key], tensor.shape == parameter.shape else {
        throw node.invalid(
          "its \(key) should be of shape \(parameter.shape), not \(tensors[key]?.shape ?? [])")
      }
      weights[parameter.name] = tensor
    }
    nodeIndices[name] = nodes.count
    nodes.append(added)
    return Activation(node: name, shape: shape, layout: layout)
  }

  /// The node that holds an activation which nothing else reads.
  func soleProducer(of activation: Activation) -> Node? {
    guard !activation.isShared, let index = nodeIndices[activation.node] else { return nil }
    return nodes[index]
  }

  /// Replaces a node's operation and weights by others of the same name and output shape.
  mutating func replace(_ node: Node, _ operation: Operation, _ tensors: [String: Tensor]) {
    guard let index = nodeIndices[node.name] else { return }
    nodes[index].operation = operation
    for (key, tensor) in tensors { weights["\(node.name).\(key)"] = tensor }
  }

  /// Whether the one reader of the node's value is a convolution.
  func isOnlyReadByConvolution(_ node: OperatorNode) -> Bool {
    guard let output = node.outputs.first else { return false }
    return readers[output] == 1 && readingOperators[output] == "Conv"
  }

  /// Gives the node's first value its meaning.
  mutating func define(_ node: OperatorNode, _ value: Value) throws(ONNXError) {
    guard let output = node.outputs.first, !output.isEmpty else {
      throw node.invalid("it has no output")
    }
    guard initializers[output] == nil, values.updateValue(value, forKey: output) == nil else {
      throw .duplicateValue(output)
    }
  }

  /// Notes that an operator at the network's end was left out.
  mutating func drop(_ node: OperatorNode) { droppedOperators.append(node.op) }
}
