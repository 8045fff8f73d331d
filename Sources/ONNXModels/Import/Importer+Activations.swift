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
    return try append(node, operation, [input], layout: input.layout)
  }

  /// x where it is positive, else a · x: the sum of a · x and (1 − a) · max(x, 0), so that no engine
  /// and no file needs another operation.
  mutating func leakyRectifier(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(node.op == "PRelu" ? 2...2 : 1...1)
    let input = try activation(node, 0)
    let channels = input.shape.channels
    let slopes: [Float]
    if node.op == "PRelu" {
      slopes = try perChannel(node, constant(node, 1), of: input)
    } else {
      let slope = try node.float("alpha") ?? 0.01
      guard slope.isFinite else { throw node.invalid("its 'alpha' is not a number") }
      try reserve(4 * channels, for: node)
      slopes = [Float](repeating: slope, count: channels)
    }
    func scaled(
      _ importer: inout Importer, _ x: Activation, by factors: [Float]
    ) throws(ONNXError) -> Activation {
      try importer.append(
        node, .scaleShift(channels: channels), x,
        [
          "weight": try importer.tensor(node, shape: [channels], factors),
          "bias": Tensor(shape: [channels], filledWith: 0),
        ], named: "", layout: x.layout)
    }
    let positive = try append(node, .relu(limit: nil), [input], layout: input.layout)
    let rest = try scaled(&self, positive, by: slopes.map { 1 - $0 })
    let share = try scaled(&self, input, by: slopes)
    return try append(node, .add, [share, rest], layout: input.layout)
  }

  /// min(max(x, lower), upper), with limits as inputs or attributes.
  mutating func clip(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(1...3)
    return try clipped(
      node, activation(node, 0), lower: limit(node, attribute: "min", input: 1) ?? -.infinity,
      upper: limit(node, attribute: "max", input: 2) ?? .infinity)
  }

  /// The larger or smaller of an activation and one number.
  mutating func limited(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(2...2)
    let isReversed = if case .constant = try value(node, 0) { true } else { false }
    let input = try activation(node, isReversed ? 1 : 0)
    guard case .constant(let constant) = try value(node, isReversed ? 0 : 1),
      let limit = try constant.floats().first, constant.shape.reduce(1, *) == 1
    else { throw node.unsupported("only one number can be a limit") }
    return try node.op == "Max"
      ? clipped(node, input, lower: limit, upper: .infinity)
      : clipped(node, input, lower: -.infinity, upper: limit)
  }

  /// A rectifier where it is one.
  private mutating func clipped(
    _ node: OperatorNode, _ input: Activation, lower: Float, upper: Float
  ) throws(ONNXError) -> Activation {
    // Exporters write the largest number for no limit.
    let largest = Float.greatestFiniteMagnitude
    let isOpen = (below: lower <= -largest, above: upper >= largest)
    if isOpen.below, isOpen.above { return input }
    let operation: Operation =
      lower == 0
      ? .relu(limit: isOpen.above ? nil : upper)
      : .clip(lower: isOpen.below ? -largest : lower, upper: isOpen.above ? largest : upper)
    return try append(node, operation, [input], layout: input.layout)
  }

  private mutating func limit(
    _ node: OperatorNode, attribute key: String, input index: Int
  ) throws(ONNXError) -> Float? {
    guard node.hasInput(index) else { return try node.float(key) }
    let values = try constant(node, index).floats()
    guard values.count == 1 else { throw node.invalid("its '\(key)' is not one number") }
    return values[0]
  }

  /// Scores are left as they are (logits): training and ranking need no more. Anything that changes
  /// numbers after it is refused.
  mutating func softmax(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(1...1)
    var input = try activation(node, 0)
    // Until operator set 13 the axis was 1 unless stated, then the last one.
    let stated = try node.integer("axis") ?? (opset < 13 ? 1 : -1)
    let axis = stated.fromStart(of: input.layout.rank)
    guard input.isVector || input.layout.rank == 2, input.layout.axes.indices.contains(axis),
      input.layout.axes.indices.allSatisfy({
        $0 == 0 || $0 == axis || input.layout.axes[$0].isEmpty
      }),
      axis > 0
    else { throw node.unsupported("only a softmax over the class scores is read") }
    input.isNormalized = true
    drop(node)
    return input
  }
}
