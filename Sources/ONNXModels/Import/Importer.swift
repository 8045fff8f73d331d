import ModelFormats
import NeuralGraph

import struct Foundation.URL

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
  /// How many images the file is written for, where it says a number.
  private(set) var fixedBatch: Int?
  private var folding: ConstantFolding
  private var external: ExternalData

  /// `fileSize` in bytes bounds what the model may hold; `folder` is where tensors in other files are
  /// looked for, nil to read none.
  init(opset: Int64, fileSize: Int, folder: ModelFolder?) {
    self.opset = opset
    // Legitimate growth is small: half precision becomes 32 bits, a scalar one number per channel,
    // shared tensors copies, a dilated kernel one with zeros.
    budget = fileSize + (1 << 20)
    folding = ConstantFolding(fileSize: fileSize)
    external = ExternalData(folder: folder)
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
    // Older files list initializers among the inputs.
    let input = try ImageInput(graph.input.filter { initializers[$0.name] == nil }, image: image)
    values[input.name] = .activation(
      Activation(node: Graph.inputName, shape: input.shape, layout: input.layout))
    fixedBatch = input.batch
    guard graph.output.count == 1, let output = graph.output.first?.name else {
      throw .unsupportedOutput(
        reason: "there must be one, the class scores, and there are \(graph.output.count)")
    }
    let needed = try needed(graph, output: output)
    for node in needed { try translate(node) }
    guard case .activation(var scores)? = values[output] else {
      throw .unsupportedOutput(reason: "no node computes '\(output)' from the image")
    }
    let isFlat = scores.layout == .flat(scores.shape)
    guard scores.isVector || isFlat, !scores.isExpanded else {
      throw .unsupportedOutput(
        reason: "'\(output)' has \(scores.shape.height) x \(scores.shape.width) scores of each of "
          + "\(scores.shape.channels) classes, a map, and an image has one of each: let a mean over "
          + "height and width follow")
    }
    if !isFlat, scores.shape.channels > 1, scores.layout.channelAxis(scores.shape) == nil,
      let last = needed.last
    {
      scores = try inOrder(scores, reader: last)
    }
    guard nodeIndices[scores.node] != nil else {
      throw .unsupportedOutput(reason: "it is the image itself")
    }
    return Graph(input: input.shape, nodes: nodes, output: scores.node)
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

  /// Whatever input number `index` is. Throws when it is missing or unknown, and for the result of a
  /// softmax unless the node may follow one, changing nothing.
  mutating func value(
    _ node: OperatorNode, _ index: Int, mayFollowSoftmax: Bool = false
  ) throws(ONNXError) -> Value {
    guard node.hasInput(index) else { throw node.invalid("its input \(index + 1) is missing") }
    let name = node.inputs[index]
    if let tensor = initializers.removeValue(forKey: name) {
      guard values[name] == nil else { throw .duplicateValue(name) }
      let inlined = try external.inlined(tensor, name: name)
      // What stands in another file counts as this one's size.
      if tensor.rawData.isEmpty {
        budget += inlined.rawData.count
        folding.extend(by: inlined.rawData.count)
      }
      values[name] = .constant(try Constant(inlined, name: name))
    }
    switch values[name] {
    case .activation(var activation)?:
      guard !activation.isNormalized || mayFollowSoftmax else {
        throw node.unsupported("it reads the result of a softmax, which may only end a network")
      }
      activation.isShared = activation.isShared || readers[name, default: 0] > 1
      return .activation(activation)
    case let value?: return value
    case nil: throw .unknownValue(node: node.label, value: name)
    }
  }

  /// The result that follows from constants alone; nil when an input is none, or the operator one
  /// that is not computed.
  private mutating func folded(_ node: OperatorNode) throws(ONNXError) -> Constant? {
    guard ConstantFolding.operators.contains(node.op), !node.inputs.isEmpty else { return nil }
    var inputs: [Constant?] = []
    for index in node.inputs.indices {
      guard node.hasInput(index) else {
        inputs.append(nil)
        continue
      }
      switch try value(node, index, mayFollowSoftmax: true) {
      case .constant(let constant): inputs.append(constant)
      case .extents(let extents):
        // Where single numbers and lists of one give the same.
        guard ConstantFolding.readsSizes.contains(node.op) else { return nil }
        guard let sizes = Constant(name: node.inputs[index], extents) else { return nil }
        inputs.append(sizes)
      case .activation: return nil
      }
    }
    return try folding.result(node, inputs)
  }

  /// Computes the node's value when it is constant; whether it is.
  mutating func fold(_ node: OperatorNode) throws(ONNXError) -> Bool {
    guard let result = try folded(node) else { return false }
    guard node.outputs.count <= 1 else {
      throw node.invalid("it has \(node.outputs.count) outputs")
    }
    if node.hasOutput(0) { try define(node, .constant(result), output: 0) }
    return true
  }

  /// Input number `index` as an activation.
  mutating func activation(
    _ node: OperatorNode, _ index: Int, mayFollowSoftmax: Bool = false
  ) throws(ONNXError) -> Activation {
    guard
      case .activation(let activation) = try value(node, index, mayFollowSoftmax: mayFollowSoftmax)
    else { throw node.unsupported("its input \(index + 1) does not depend on the image") }
    guard !activation.isExpanded else { throw node.unsupported(Importer.expandedReason) }
    return activation
  }

  static let expandedReason =
    "it reads numbers that were repeated over an image (Expand), which only a product may"

  /// The same, as [N, channels, height, width].
  mutating func image(_ node: OperatorNode, _ index: Int) throws(ONNXError) -> Activation {
    let activation = try activation(node, index)
    if activation.isImage { return activation }
    guard activation.layout.isImageOfShuffledChannels(activation.shape) else {
      throw node.invalid(
        "it needs an image (batch, channels, height, width), and reads \(activation.described)")
    }
    return try inOrder(activation, reader: node)
  }

  /// Input number `index` as a constant.
  mutating func constant(_ node: OperatorNode, _ index: Int) throws(ONNXError) -> Constant {
    switch try value(node, index) {
    case .constant(let constant): return constant
    case .extents(let extents):
      if let sizes = Constant(name: node.inputs[index], extents) { return sizes }
    case .activation: break
    }
    throw node.unsupported("its input \(index + 1) must be constant")
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
    let values = try constant.numbers()
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
    layout: Layout
  ) throws(ONNXError) -> Activation {
    let name = names.operation(node)
    return try append(node, name: name, operation, inputs, [:], layout: layout)
  }

  /// Appends a node whose weights are given by what they are there (`weight`, `bias`); the name
  /// follows from the ONNX name of the weight, where that says it.
  mutating func append(
    _ node: OperatorNode, _ operation: Operation, _ input: Activation,
    _ tensors: [String: Tensor], named weight: String, layout: Layout
  ) throws(ONNXError) -> Activation {
    let name = names.layer(node, weight: weight)
    return try append(node, name: name, operation, [input], tensors, layout: layout)
  }

  private mutating func append(
    _ node: OperatorNode, name: String, _ operation: Operation, _ inputs: [Activation],
    _ tensors: [String: Tensor], layout: Layout
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

  /// Replaces a node's operation and weights by others of the same name.
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

  /// Gives a value of the node, the first unless said otherwise, its meaning.
  mutating func define(
    _ node: OperatorNode, _ value: Value, output index: Int = 0
  ) throws(ONNXError) {
    guard node.hasOutput(index) else { throw node.invalid("it has no output") }
    let output = node.outputs[index]
    guard initializers[output] == nil, values.updateValue(value, forKey: output) == nil else {
      throw .duplicateValue(output)
    }
  }

  /// Notes that an operator at the network's end was left out.
  mutating func drop(_ node: OperatorNode) { droppedOperators.append(node.op) }
}
