import NeuralGraph

/// Addition, subtraction, multiplication and division, of two activations or of an activation and a
/// constant, and concatenation.
extension Importer {
  mutating func arithmetic(_ node: OperatorNode) throws(ONNXError) -> Value {
    try node.requireInputs(2...2)
    switch (try value(node, 0), try value(node, 1)) {
    case (.activation(let a), .activation(let b)): return .activation(try combined(node, a, b))
    case (.activation(let x), .constant(let c)):
      return .activation(try changed(node, x, by: c, isReversed: false))
    case (.constant(let c), .activation(let x)):
      return .activation(try changed(node, x, by: c, isReversed: true))
    default: return .extents([try extentArithmetic(node)])
    }
  }

  private mutating func combined(
    _ node: OperatorNode, _ a: Activation, _ b: Activation
  ) throws(ONNXError) -> Activation {
    guard a.layout == b.layout else {
      throw node.unsupported("it combines an image and a list of features")
    }
    switch node.op {
    case "Add": return try append(node, .add, [a, b])
    case "Mul":
      // The gates, one number per channel, stand second.
      let isSwapped = a.isVector && !b.isVector
      guard a.layout == .image || a.shape == b.shape else {
        throw node.unsupported("it multiplies lists of features of different shapes")
      }
      return try append(node, .multiply, isSwapped ? [b, a] : [a, b])
    default: throw node.unsupported("it needs a constant as second operand")
    }
  }

  /// `x` and a constant; `isReversed` when the constant stands first.
  private mutating func changed(
    _ node: OperatorNode, _ x: Activation, by constant: Constant, isReversed: Bool
  ) throws(ONNXError) -> Activation {
    let values = try perChannel(node, constant, of: x.shape, layout: x.layout)
    var scale = [Float](repeating: 1, count: values.count)
    var shift = [Float](repeating: 0, count: values.count)
    switch (node.op, isReversed) {
    case ("Add", _): shift = values
    case ("Sub", false): shift = values.map { -$0 }
    case ("Sub", true):
      shift = values
      scale = scale.map { -$0 }
    case ("Mul", _): scale = values
    case ("Div", false): scale = values.map { 1 / $0 }
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

  /// A constant as one number per channel. Throws when it is anything else.
  mutating func perChannel(
    _ node: OperatorNode, _ constant: Constant, of shape: ActivationShape,
    layout: Activation.Layout
  ) throws(ONNXError) -> [Float] {
    let values = try constant.floats()
    try reserve(2 * shape.channels, for: node)
    if values.count == 1, constant.shape.count <= 4 {
      return [Float](repeating: values[0], count: shape.channels)
    }
    // Right-aligned, as ONNX broadcasts: of the dimensions only the channels' may be more than 1.
    let rank = layout == .image ? 4 : 2
    let padded = Array(repeating: 1, count: max(rank - constant.shape.count, 0)) + constant.shape
    let isFeature = layout == .flat && shape.height * shape.width > 1
    guard padded.count == rank, values.count == shape.channels, padded[1] == shape.channels,
      !isFeature
    else {
      throw node.unsupported(
        "its constant of shape \(constant.shape) is neither one number nor one per channel of "
          + "\(shape)")
    }
    return values
  }

  /// Channels after channels, or shapes after shapes.
  mutating func concat(_ node: OperatorNode) throws(ONNXError) -> Value {
    guard let first = node.inputs.first, !first.isEmpty else {
      throw node.invalid("it has no inputs")
    }
    guard case .activation(let x) = try value(node, 0) else {
      return .extents(try concatenatedExtents(node))
    }
    var inputs = [x]
    for index in 1..<max(node.inputs.count, 1) {
      let input = try activation(node, index)
      guard input.layout == x.layout else {
        throw node.unsupported("it concatenates images and lists of features")
      }
      inputs.append(input)
    }
    let axis = try node.integer("axis")
    guard axis == 1 || axis == 1 - x.rank else {
      throw node.unsupported("it concatenates along axis \(axis ?? 0), not along the channels")
    }
    if inputs.count == 1 { return .activation(x) }
    return .activation(try append(node, .concatenate(inputs: inputs.count), inputs))
  }
}
