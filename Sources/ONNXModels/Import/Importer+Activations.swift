import NeuralGraph

extension Importer {
  /// Functions of one number.
  mutating func activationFunction(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(1...1)
    let input = try activation(node, 0)
    let operation: Operation
    switch node.op {
    case "Relu": operation = .relu(limit: nil)
    case "Sigmoid": operation = .sigmoid
    case "HardSwish": operation = .hardSwish
    default:
      operation = .hardSigmoid(
        slope: try node.float("alpha") ?? 0.2, offset: try node.float("beta") ?? 0.5)
    }
    return try append(node, operation, [input])
  }

  /// min(max(x, lower), upper), with limits as inputs or attributes; a rectifier where it is one.
  mutating func clip(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(1...3)
    let input = try activation(node, 0)
    let lower = try limit(node, attribute: "min", input: 1) ?? -.infinity
    let upper = try limit(node, attribute: "max", input: 2) ?? .infinity
    // Exporters write the largest number for no limit.
    let largest = Float.greatestFiniteMagnitude
    let isOpen = (below: lower <= -largest, above: upper >= largest)
    if isOpen.below, isOpen.above { return input }
    if lower == 0 { return try append(node, .relu(limit: isOpen.above ? nil : upper), [input]) }
    return try append(
      node,
      .clip(lower: isOpen.below ? -largest : lower, upper: isOpen.above ? largest : upper), [input])
  }

  private mutating func limit(
    _ node: OperatorNode, attribute key: String, input index: Int
  ) throws(ONNXError) -> Float? {
    guard node.hasInput(index) else { return try node.float(key) }
    let values = try constant(node, index).floats()
    guard values.count == 1 else { throw node.invalid("its '\(key)' is not one number") }
    return values[0]
  }

  /// Scores are left as they are (logits): training and ranking need no more. Anything that follows
  /// is refused.
  mutating func softmax(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(1...1)
    var input = try activation(node, 0)
    // Until operator set 13 the axis was 1 unless stated, then the last one.
    let axis = try node.integer("axis") ?? (opset < 13 ? 1 : -1)
    guard input.isVector || input.layout == .flat,
      axis == 1 || axis == 1 - input.rank
    else { throw node.unsupported("only a softmax over the class scores is read") }
    input.isNormalized = true
    drop(node)
    return input
  }
}
