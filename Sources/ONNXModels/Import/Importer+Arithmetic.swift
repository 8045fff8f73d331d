import NeuralGraph

/// Addition, subtraction, multiplication and division, of two activations or of an activation and a
/// constant, and concatenation.
extension Importer {
  mutating func arithmetic(_ node: OperatorNode) throws(ONNXError) -> Value {
    try node.requireInputs(2...2)
    switch (try value(node, 0), try value(node, 1)) {
    case (.activation(let a), .activation(let b)): return .activation(try combined(node, a, b))
    case (.activation, .constant(let c)):
      return .activation(try changed(node, activation(node, 0), by: c, isReversed: false))
    case (.constant(let c), .activation):
      return .activation(try changed(node, activation(node, 1), by: c, isReversed: true))
    default: return .extents([try extentArithmetic(node)])
    }
  }

  /// As many summands as there are inputs.
  mutating func sum(_ node: OperatorNode) throws(ONNXError) -> Activation {
    var total = try activation(node, 0)
    for index in node.inputs.indices.dropFirst() {
      total = try combined(node, total, activation(node, index), as: "Add")
    }
    return total
  }

  private mutating func combined(
    _ node: OperatorNode, _ a: Activation, _ b: Activation, as op: String? = nil
  ) throws(ONNXError) -> Activation {
    var (a, b) = (a, b)
    let op = op ?? node.op
    if op == "Mul" {
      // The gates, one number per channel, stand second, and are repeated by the product itself.
      if a.isVector, !b.isVector { swap(&a, &b) }
      guard !a.isExpanded else { throw node.unsupported(Importer.expandedReason) }
      if b.isVector, !a.isVector, a.layout.rank == b.layout.rank,
        zip(a.layout.axes, b.layout.axes).allSatisfy({ $0 == $1 || $1.isEmpty })
      {
        return try append(node, .multiply, [a, b], layout: a.layout)
      }
    }
    guard !a.isExpanded, !b.isExpanded else { throw node.unsupported(Importer.expandedReason) }
    if a.layout != b.layout {
      (a, b) = (try inOrder(a, reader: node), try inOrder(b, reader: node))
    }
    guard a.layout == b.layout, a.shape == b.shape else {
      throw node.unsupported("it combines \(a.described) and \(b.described)")
    }
    switch op {
    case "Add": return try append(node, .add, [a, b], layout: a.layout)
    case "Mul": return try append(node, .multiply, [a, b], layout: a.layout)
    default: throw node.unsupported("it needs a constant as second operand")
    }
  }

  /// `x` and a constant; `isReversed` when the constant stands first.
  private mutating func changed(
    _ node: OperatorNode, _ input: Activation, by constant: Constant, isReversed: Bool
  ) throws(ONNXError) -> Activation {
    let x = constant.isOneNumber ? input : try inOrder(input, reader: node)
    let values = try perChannel(node, constant, of: x)
    var scale = [Float](repeating: 1, count: values.count)
    var shift = [Float](repeating: 0, count: values.count)
    switch (node.op, isReversed) {
    case ("Add", _): shift = values
    case ("Sub", false): shift = values.map { -$0 }
    case ("Sub", true):
      shift = values
      scale = scale.map { -$0 }
    case ("Mul", _): scale = values
    case ("Div", false):
      guard !values.contains(0) else { throw node.invalid("it divides by zero") }
      scale = values.map { 1 / $0 }
    default: throw node.unsupported("dividing a constant by an activation is not possible")
    }
    // Layers that end in a sum take another summand, and such changes join into one.
    if let producer = soleProducer(of: x) {
      switch producer.operation {
      case .linear(let inFeatures, let outFeatures, let hasBias) where node.op == "Add":
        try replaceBias(
          node, producer, hasBias ? weights[producer.biasName] : nil, shift,
          .linear(inFeatures: inFeatures, outFeatures: outFeatures, bias: true))
        return x
      case .convolution(var convolution) where node.op == "Add":
        let bias = convolution.bias ? weights[producer.biasName] : nil
        convolution.bias = true
        try replaceBias(node, producer, bias, shift, .convolution(convolution))
        return x
      case .scaleShift:
        guard let weight = weights[producer.weightName], let bias = weights[producer.biasName]
        else { break }
        replace(
          producer, producer.operation,
          [
            "weight": try tensor(
              node, shape: weight.shape, zip(weight.values, scale).map { $0 * $1 }),
            "bias": try tensor(
              node, shape: bias.shape,
              zip(zip(bias.values, scale), shift).map { $0.0 * $0.1 + $1 }),
          ])
        return x
      default: break
      }
    }
    let count = x.shape.channels
    return try append(
      node, .scaleShift(channels: count), x,
      [
        "weight": try tensor(node, shape: [count], scale),
        "bias": try tensor(node, shape: [count], shift),
      ], named: node.op == "Mul" ? constant.name : "", layout: x.layout)
  }

  private mutating func replaceBias(
    _ node: OperatorNode, _ producer: Node, _ bias: Tensor?, _ summand: [Float],
    _ operation: Operation
  ) throws(ONNXError) {
    let values = bias.map { zip($0.values, summand).map { $0 + $1 } } ?? summand
    replace(producer, operation, ["bias": try tensor(node, shape: [values.count], values)])
  }

  /// A constant as one number per channel of an activation. Throws when it is anything else.
  mutating func perChannel(
    _ node: OperatorNode, _ constant: Constant, of x: Activation
  ) throws(ONNXError) -> [Float] {
    let values = try constant.numbers()
    let channels = x.shape.channels
    try reserve(2 * channels, for: node)
    if constant.isOneNumber { return [Float](repeating: values[0], count: channels) }
    // Right-aligned, as ONNX broadcasts: of the dimensions only the channels' may be more than 1.
    let missing = x.layout.rank - constant.shape.count
    guard missing >= 0, values.count == channels, let axis = x.layout.channelAxis(x.shape),
      axis >= missing, constant.shape[axis - missing] == channels
    else {
      throw node.unsupported(
        "its constant of shape \(constant.shape) is neither one number nor one per channel of "
          + "\(x.described)")
    }
    return values
  }

  /// Channels after channels, or shapes after shapes.
  mutating func concat(_ node: OperatorNode) throws(ONNXError) -> Value {
    guard let first = node.inputs.first, !first.isEmpty else {
      throw node.invalid("it has no inputs")
    }
    guard case .activation = try value(node, 0) else {
      return .extents(try concatenatedExtents(node))
    }
    var inputs: [Activation] = []
    for index in node.inputs.indices {
      inputs.append(try inOrder(activation(node, index), reader: node))
    }
    let x = inputs[0]
    let stated = try node.integer("axis") ?? 1
    let axis = stated.fromStart(of: x.layout.rank)
    guard x.layout.axes.indices.contains(axis), axis > 0,
      x.layout.rank == 2 || x.layout.axes[axis].allSatisfy({ $0.kind == .channels })
    else {
      throw node.unsupported("it concatenates along axis \(stated), not along the channels")
    }
    let channels = inputs.reduce(0) { $0 + $1.shape.channels }
    let result = x.layout.withChannels(channels, axis: axis)
    for input in inputs {
      // The same but for the number of channels, which stand first in that axis.
      guard input.layout.rank == x.layout.rank,
        input.layout.withChannels(channels, axis: axis) == result,
        input.layout.withChannels(input.shape.channels, axis: axis) == input.layout
      else {
        throw node.unsupported(
          "it concatenates \(x.described) and \(input.described) along axis \(stated), not along "
            + "the channels of one layout")
      }
    }
    if inputs.count == 1 { return .activation(x) }
    return .activation(
      try append(node, .concatenate(inputs: inputs.count), inputs, layout: result))
  }
}

extension Constant {
  /// Whether it is one number, of whatever rank images have.
  var isOneNumber: Bool { shape.count <= 4 && shape.allSatisfy { $0 == 1 } }
}
