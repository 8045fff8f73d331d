import NeuralGraph

/// Translates a graph into ONNX nodes. A node's value has the node's name, unless a weight of another
/// node or the input is called so: in ONNX all values share one space of names (docs/IR.md, "Names
/// Within a Graph"). Values that ONNX needs in between and the few constants get names after it.
struct Exporter {
  private let graph: Graph
  private let weights: Weights
  private var target = ONNXGraph()
  private var taken: Set<String>
  /// ONNX's name of each node's value.
  private var names: [String: String] = [:]
  /// ONNX's name and layout of each value.
  private var values: [String: ExportedValue]
  private var shapes: [String: ActivationShape] = [:]

  private struct ExportedValue {
    let name: String
    /// [N, channels, height, width], else [N, features].
    let isImage: Bool
  }

  init(graph: Graph, weights: Weights) {
    self.graph = graph
    self.weights = weights
    taken = Set(graph.parameters().map(\.name) + [Graph.inputName])
    values = [Graph.inputName: ExportedValue(name: Graph.inputName, isImage: true)]
    for node in graph.nodes { names[node.name] = unique(node.name.isEmpty ? "node" : node.name) }
  }

  /// Throws when the graph is not valid or a weight is missing.
  mutating func run() throws(ONNXError) -> ONNXGraph {
    let graph = graph
    shapes = try ONNXError.wrapping { try graph.shapes() }
    target.name = "crisp"
    let input = graph.input
    target.input = [
      .floats(Graph.inputName, batchOf: [input.channels, input.height, input.width])
    ]
    for node in graph.nodes { try add(node) }
    guard let classes = shapes[graph.output]?.count else {
      throw .model(.graph(.unknownOutput(graph.output)))
    }
    target.output = [.floats(features(graph.output, of: graph.output), batchOf: [classes])]
    return target
  }

  private mutating func add(_ node: Node) throws(ONNXError) {
    let x = node.inputs[0]
    switch node.operation {
    case .convolution(let convolution):
      try emit(
        node, "Conv", [image(x)] + parameters(node),
        window(convolution.window) + [.integer("group", convolution.groups)])
    case .batchNorm(_, let epsilon):
      try emit(
        node, "BatchNormalization", [value(x)] + parameters(node), [.float("epsilon", epsilon)])
    case .relu(nil): emit(node, "Relu", [value(x)])
    case .relu(let limit?): clip(node, 0, limit)
    case .clip(let lower, let upper): clip(node, lower, upper)
    case .sigmoid: emit(node, "Sigmoid", [value(x)])
    case .hardSigmoid(let slope, let offset):
      emit(node, "HardSigmoid", [value(x)], [.float("alpha", slope), .float("beta", offset)])
    case .hardSwish: emit(node, "HardSwish", [value(x)])
    case .scaleShift:
      // One number per channel broadcasts over [N, C] as it is, over images with two axes more.
      let parameters = try parameters(node, extraAxes: isImage(x) ? 2 : 0)
      let scaled = unique("\(node.name).scaled")
      append("Mul", scaled, name: name(node), [value(x), parameters[0]])
      append("Add", name(node), name: unique("\(node.name).shift"), [scaled, parameters[1]])
      define(node, isImage: isImage(x))
    case .maxPool(let window): emit(node, "MaxPool", [image(x)], self.window(window))
    case .averagePool(let window, let countsPadding):
      emit(
        node, "AveragePool", [image(x)],
        self.window(window) + [.integer("count_include_pad", countsPadding ? 1 : 0)])
    case .globalAveragePool: emit(node, "GlobalAveragePool", [image(x)])
    case .add: emit(node, "Add", aligned(node.inputs))
    case .multiply: emit(node, "Mul", aligned(node.inputs))
    case .concatenate: emit(node, "Concat", aligned(node.inputs), [.integer("axis", 1)])
    case .pad(let padding):
      let pads = integers(
        "\(node.name).pads",
        [0, 0, padding.top, padding.left, 0, 0, padding.bottom, padding.right])
      emit(node, "Pad", [image(x), pads])
    case .linear:
      let flat = features(x, of: node.name)
      try emit(node, "Gemm", [flat] + parameters(node), [.integer("transB", 1)])
    }
  }

  // Values

  private func name(_ node: Node) -> String { names[node.name] ?? node.name }

  private func value(_ name: String) -> String { values[name]?.name ?? name }

  private func isImage(_ name: String) -> Bool { values[name]?.isImage ?? true }

  /// The value as [N, channels, height, width].
  private mutating func image(_ name: String) -> String {
    guard !isImage(name) else { return value(name) }
    let shape = integers("\(name).shape", [-1, shapes[name]?.count ?? 0, 1, 1])
    let image = unique("\(name).image")
    append("Reshape", image, [value(name), shape])
    return image
  }

  /// The value as [N, features], for the node called `reader`.
  private mutating func features(_ name: String, of reader: String) -> String {
    guard isImage(name) else { return value(name) }
    let flat = unique("\(reader).flatten")
    append("Flatten", flat, [value(name)], [.integer("axis", 1)])
    return flat
  }

  /// Several values in one layout.
  private mutating func aligned(_ names: [String]) -> [String] {
    guard names.contains(where: isImage) else { return names.map(value) }
    return names.map { image($0) }
  }

  // Constants

  /// A node's weights in ONNX's order, which is that of `parameters`.
  private mutating func parameters(
    _ node: Node, extraAxes: Int = 0
  ) throws(ONNXError) -> [String] {
    for parameter in node.parameters {
      guard let tensor = weights[parameter.name] else {
        throw .model(.graph(.missingWeight(parameter.name)))
      }
      let shape = tensor.shape + [Int](repeating: 1, count: extraAxes)
      target.initializer.append(.floats(parameter.name, shape: shape, tensor.values))
    }
    return node.parameters.map(\.name)
  }

  private mutating func integers(_ name: String, _ values: [Int]) -> String {
    let name = unique(name)
    target.initializer.append(.integers(name, values))
    return name
  }

  private mutating func clip(_ node: Node, _ lower: Float, _ upper: Float) {
    let limits = [("min", lower), ("max", upper)].map { key, value in
      let name = unique("\(node.name).\(key)")
      target.initializer.append(.floats(name, shape: [], [value]))
      return name
    }
    emit(node, "Clip", [value(node.inputs[0])] + limits)
  }

  private mutating func unique(_ name: String) -> String {
    var (candidate, number) = (name, 2)
    while !taken.insert(candidate).inserted {
      candidate = "\(name)_\(number)"
      number += 1
    }
    return candidate
  }

  // Nodes

  /// A node whose value is the graph's.
  private mutating func emit(
    _ node: Node, _ op: String, _ inputs: [String], _ attributes: [ONNXAttribute] = []
  ) {
    append(op, name(node), inputs, attributes)
    let isFlat =
      switch node.operation {
      case .linear: true
      case .convolution, .maxPool, .averagePool, .globalAveragePool, .pad: false
      default: !node.inputs.contains(where: isImage)
      }
    define(node, isImage: !isFlat)
  }

  private mutating func define(_ node: Node, isImage: Bool) {
    values[node.name] = ExportedValue(name: name(node), isImage: isImage)
  }

  private mutating func append(
    _ op: String, _ output: String, name: String? = nil, _ inputs: [String],
    _ attributes: [ONNXAttribute] = []
  ) {
    var node = ONNXNode()
    node.opType = op
    node.name = name ?? output
    node.input = inputs
    node.output = [output]
    node.attribute = attributes
    target.node.append(node)
  }

  private func window(_ window: Window) -> [ONNXAttribute] {
    let padding = window.padding
    return [
      .integers("kernel_shape", [window.kernelHeight, window.kernelWidth]),
      .integers("strides", [window.strideHeight, window.strideWidth]),
      .integers("pads", [padding.top, padding.left, padding.bottom, padding.right]),
    ]
  }
}
