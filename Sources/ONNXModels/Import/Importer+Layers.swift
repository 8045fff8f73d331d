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
    let spread = try spread(node, weight, attributes)
    let outer = input.padding
    let padding = try outer + attributes.padding(over: input.shape.padded(outer))
    input.padding = Padding(0)
    var window = attributes.window(padding)
    if !window.holdsItsPadding {
      // More than a convolution may have of its own.
      input = try append(
        input.paddingNode ?? node, .pad(padding), [input], layout: input.layout
      ).asImage()
      window.padding = Padding(0)
    }
    var tensors = ["weight": spread]
    if node.hasInput(2) { tensors["bias"] = try tensor(node, self.constant(node, 2)) }
    let convolution = Convolution(
      inChannels: input.shape.channels, outChannels: weight.shape[0], window: window,
      groups: try node.integer("group") ?? 1, bias: node.hasInput(2))
    let result = try append(
      node, .convolution(convolution), input, tensors, named: constant.name, layout: input.layout)
    return result.asImage()
  }

  /// The weight of a dilated convolution as that of one without: zeros between its taps.
  private mutating func spread(
    _ node: OperatorNode, _ weight: Tensor, _ attributes: WindowAttributes
  ) throws(ONNXError) -> Tensor {
    guard attributes.dilations != [1, 1] else { return weight }
    let (rows, columns) = (weight.shape[2], weight.shape[3])
    let (height, width) = (attributes.kernel[0], attributes.kernel[1])
    let shape = [weight.shape[0], weight.shape[1], height, width]
    guard let count = Tensor.count(of: shape) else { throw node.invalid("its kernel is too large") }
    try reserve(count, for: node)
    var result = Tensor(shape: shape, filledWith: 0)
    for filter in 0..<weight.shape[0] * weight.shape[1] {
      for row in 0..<rows {
        for column in 0..<columns {
          let target = row * attributes.dilations[0] * width + column * attributes.dilations[1]
          result.values[filter * height * width + target] =
            weight.values[(filter * rows + row) * columns + column]
        }
      }
    }
    return result
  }

  /// The activation with only some of its channels, in that order, by a 1x1 convolution that copies
  /// them.
  mutating func selected(
    _ node: OperatorNode, _ x: Activation, channels: [Int], layout: Layout
  ) throws(ONNXError) -> Activation {
    let count = x.shape.channels
    let (size, overflow) = count.multipliedReportingOverflow(by: channels.count)
    try reserve(overflow ? .max : size, for: node)
    var weight = Tensor(shape: [channels.count, count, 1, 1], filledWith: 0)
    for (row, channel) in channels.enumerated() { weight.values[row * count + channel] = 1 }
    let convolution = Convolution(
      inChannels: count, outChannels: channels.count, window: Window(kernel: 1), bias: false)
    return try append(
      node, .convolution(convolution), x, ["weight": weight], named: "", layout: layout)
  }

  /// The activation with its channels in the order of the graph, where an axis has them all and
  /// nothing else.
  mutating func inOrder(_ x: Activation, reader: OperatorNode) throws(ONNXError) -> Activation {
    guard !x.isExpanded, x.layout.channelAxis(x.shape) == nil,
      let axis = x.layout.axes.firstIndex(where: { factors in
        factors.allSatisfy { $0.kind == .channels }
          && factors.reduce(1) { $0 * $1.size } == x.shape.channels
      })
    else { return x }
    let area = x.shape.height * x.shape.width
    return try selected(
      reader, x, channels: x.layout.order(axis: axis, of: x.shape).map { $0 / area },
      layout: x.layout.withChannels(x.shape.channels, axis: axis))
  }

  mutating func batchNormalization(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(5...5)
    guard try node.integer("training_mode") ?? 0 == 0 else {
      throw node.unsupported("it is in training mode; export the model in evaluation mode")
    }
    let input = try inOrder(activation(node, 0), reader: node)
    guard input.layout.rank > 1,
      input.layout.channelAxis(input.shape) == 1 || input.shape.channels == 1
    else {
      throw node.unsupported("it normalises \(input.described), not along the channels of axis 1")
    }
    var tensors: [String: Tensor] = [:]
    let scale = try constant(node, 1)
    tensors["weight"] = try tensor(node, scale)
    for (index, key) in [(2, "bias"), (3, "running_mean"), (4, "running_var")] {
      let constant = try constant(node, index)
      tensors[key] = try tensor(node, constant)
      if index == 4, let position = tensors[key]?.values.firstIndex(where: { $0 < 0 }) {
        throw .tensorValues(
          tensor: constant.name,
          reason: "a negative variance at position \(position), which has no root: the file is "
            + "damaged, or its tensors were mixed up")
      }
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
    let (input, axis) = try features(node)
    guard input.layout.rank == 2 else {
      throw node.invalid("it needs a list of features, and reads \(input.described)")
    }
    let constant = try constant(node, 1)
    let alpha = try node.float("alpha") ?? 1
    let weight = try matrix(node, constant, isTransposed: isTransposed, factor: alpha)
    var tensors = ["weight": weight]
    if node.hasInput(2) {
      let beta = try node.float("beta") ?? 1
      let summand = try self.constant(node, 2)
      let shape = ActivationShape(channels: weight.shape[0], height: 1, width: 1)
      let outputs = Activation(node: "", shape: shape, layout: .flat(shape))
      let values = try perChannel(node, summand, of: outputs)
      tensors["bias"] = try tensor(node, shape: [values.count], values.map { $0 * beta })
    }
    return try linear(node, input, axis: axis, tensors, named: constant.name)
  }

  mutating func matrixProduct(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(2...2)
    let (input, axis) = try features(node)
    let constant = try constant(node, 1)
    let weight = try matrix(node, constant, isTransposed: false, factor: 1)
    return try linear(node, input, axis: axis, ["weight": weight], named: constant.name)
  }

  private mutating func linear(
    _ node: OperatorNode, _ input: Activation, axis: Int, _ tensors: [String: Tensor],
    named name: String
  ) throws(ONNXError) -> Activation {
    var tensors = tensors
    let outputs = tensors["weight"]?.shape[0] ?? 0
    if let weight = tensors["weight"], weight.shape[1] == input.shape.count {
      tensors["weight"] = try inOrder(node, weight, of: input, axis: axis)
    }
    let operation = Operation.linear(
      inFeatures: input.shape.count, outFeatures: outputs, bias: tensors["bias"] != nil)
    return try append(
      node, operation, input, tensors, named: name,
      layout: input.layout.reduced(axis).withChannels(outputs, axis: axis))
  }

  /// The columns of a matrix in the order in which the graph has the features that the axis lists in
  /// another, as after flattening [N, height, width, channels].
  private func inOrder(
    _ node: OperatorNode, _ weight: Tensor, of input: Activation, axis: Int
  ) throws(ONNXError) -> Tensor {
    guard input.layout.axes[axis] != Layout.flat(input.shape).axes[1] else { return weight }
    let order = input.layout.order(axis: axis, of: input.shape)
    var result = weight
    for row in 0..<weight.shape[0] {
      let start = row * order.count
      for (column, target) in order.enumerated() {
        result.values[start + target] = weight.values[start + column]
      }
    }
    return result
  }

  /// An activation whose last axis has all features of an image.
  private mutating func features(
    _ node: OperatorNode
  ) throws(ONNXError) -> (Activation, axis: Int) {
    let input = try activation(node, 0)
    let axes = input.layout.axes
    let last = axes.count - 1
    guard last > 0, axes[0] == [.batch], axes[1..<last].allSatisfy(\.isEmpty) else {
      throw node.unsupported(
        "matrices are multiplied with the features of one image each, not with \(input.described)")
    }
    return (input, last)
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
