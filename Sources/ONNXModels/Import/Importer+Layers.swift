import NeuralGraph

/// Operators with weights.
extension Importer {
  mutating func convolution(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(2...3)
    var input = try image(node, 0)
    let constant = try constant(node, 1)
    let weight = try tensor(node, constant)
    guard weight.shape.count == 4 else {
      throw node.unsupported("only convolutions over images, with weights of rank 4, are read")
    }
    let attributes = try WindowAttributes(node, kernel: Array(weight.shape[2...]))
    let outer = input.padding
    let padding = try outer + attributes.padding(over: input.shape.padded(outer))
    input.padding = Padding(0)
    var window = attributes.window(padding)
    if !window.holdsItsPadding {
      // More than a convolution may have of its own.
      input = try append(input.paddingNode ?? node, .pad(padding), [input])
      window.padding = Padding(0)
    }
    var tensors = ["weight": weight]
    if node.hasInput(2) { tensors["bias"] = try tensor(node, self.constant(node, 2)) }
    let convolution = Convolution(
      inChannels: input.shape.channels, outChannels: weight.shape[0], window: window,
      groups: try node.integer("group") ?? 1, bias: node.hasInput(2))
    return try append(
      node, .convolution(convolution), input, tensors, named: constant.name, layout: .image)
  }

  mutating func batchNormalization(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(5...5)
    guard try node.integer("training_mode") ?? 0 == 0 else {
      throw node.unsupported("it is in training mode; export the model in evaluation mode")
    }
    let input = try activation(node, 0)
    guard input.layout == .image || input.isVector else {
      throw node.unsupported("it normalises the features of a flattened image")
    }
    var tensors: [String: Tensor] = [:]
    let scale = try constant(node, 1)
    tensors["weight"] = try tensor(node, scale)
    for (index, key) in [(2, "bias"), (3, "running_mean"), (4, "running_var")] {
      tensors[key] = try tensor(node, constant(node, index))
    }
    let epsilon = try node.float("epsilon") ?? 1e-5
    return try append(
      node, .batchNorm(channels: input.shape.channels, epsilon: epsilon), input, tensors,
      named: scale.name, layout: input.layout)
  }

  /// alpha · x · W + beta · c.
  mutating func gemm(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(2...3)
    guard try node.integer("transA") ?? 0 == 0 else {
      throw node.unsupported("the activation would have to be transposed (transA)")
    }
    let isTransposed = try node.integer("transB") ?? 0 != 0
    let input = try features(node)
    let constant = try constant(node, 1)
    let alpha = try node.float("alpha") ?? 1
    let weight = try matrix(node, constant, isTransposed: isTransposed, factor: alpha)
    var tensors = ["weight": weight]
    if node.hasInput(2) {
      let beta = try node.float("beta") ?? 1
      let summand = try self.constant(node, 2)
      let outputs = ActivationShape(channels: weight.shape[0], height: 1, width: 1)
      let values = try perChannel(node, summand, of: outputs, layout: .flat)
      tensors["bias"] = try tensor(node, shape: [values.count], values.map { $0 * beta })
    }
    return try linear(node, input, tensors, named: constant.name)
  }

  mutating func matrixProduct(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(2...2)
    let input = try features(node)
    let constant = try constant(node, 1)
    let weight = try matrix(node, constant, isTransposed: false, factor: 1)
    return try linear(node, input, ["weight": weight], named: constant.name)
  }

  private mutating func linear(
    _ node: OperatorNode, _ input: Activation, _ tensors: [String: Tensor], named name: String
  ) throws(ONNXError) -> Activation {
    let operation = Operation.linear(
      inFeatures: input.shape.count, outFeatures: tensors["weight"]?.shape[0] ?? 0,
      bias: tensors["bias"] != nil)
    return try append(node, operation, input, tensors, named: name, layout: .flat)
  }

  private mutating func features(_ node: OperatorNode) throws(ONNXError) -> Activation {
    let input = try activation(node, 0)
    guard input.layout == .flat else {
      throw node.unsupported("matrices are multiplied with flattened activations only")
    }
    return input
  }

  /// The weight [outputs, inputs] of a matrix that ONNX stores that way (`isTransposed`) or the
  /// other way round.
  private mutating func matrix(
    _ node: OperatorNode, _ constant: Constant, isTransposed: Bool, factor: Float
  ) throws(ONNXError) -> Tensor {
    guard constant.shape.count == 2, !constant.shape.contains(0) else {
      throw node.unsupported("its second input must be a matrix, not of shape \(constant.shape)")
    }
    let stored = try tensor(node, constant)
    let (rows, columns) = (stored.shape[0], stored.shape[1])
    if isTransposed {
      let values = factor == 1 ? stored.values : stored.values.map { $0 * factor }
      return try tensor(node, shape: stored.shape, values)
    }
    var values = stored.values
    for row in 0..<rows {
      for column in 0..<columns {
        values[column * rows + row] = stored.values[row * columns + column] * factor
      }
    }
    return try tensor(node, shape: [columns, rows], values)
  }
}
