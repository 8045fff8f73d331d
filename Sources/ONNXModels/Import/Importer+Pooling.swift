import NeuralGraph

extension Importer {
  mutating func maxPool(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(1...1)
    let input = try image(node, 0)
    let attributes = try WindowAttributes(node)
    var padding = try attributes.padding(over: input.shape)
    if try node.integer("ceil_mode") ?? 0 != 0 {
      padding = try attributes.ceiling(padding, over: input.shape)
    }
    return try append(node, .maxPool(attributes.window(padding)), [input], layout: input.layout)
      .asImage()
  }

  mutating func averagePool(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(1...1)
    let input = try image(node, 0)
    let attributes = try WindowAttributes(node)
    let stated = try attributes.padding(over: input.shape)
    var padding = stated
    if try node.integer("ceil_mode") ?? 0 != 0 {
      padding = try attributes.ceiling(padding, over: input.shape)
    }
    let counts = try node.integer("count_include_pad") ?? 0 != 0 && stated != Padding(0)
    // What rounding up adds is never counted, which windows here could not tell from padding.
    guard !counts || padding == stated else {
      throw node.unsupported("it counts padding and rounds its size up (ceil_mode)")
    }
    return try append(
      node, .averagePool(attributes.window(padding), countsPadding: counts), [input],
      layout: input.layout
    ).asImage()
  }

  mutating func globalPool(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(1...1)
    let input = try image(node, 0)
    return try pooled(
      node, input, rows: true, columns: true, byMaximum: node.op == "GlobalMaxPool"
    ).asImage()
  }

  /// A mean or maximum over height, width or both, in whatever layout. Over one after the other it is
  /// the same as over both.
  mutating func reduced(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(1...2)
    let input = try activation(node, 0)
    let layout = input.layout
    let stated = try integers(node, attribute: "axes", input: 1) ?? []
    let axes = Set(stated.map { $0.fromStart(of: layout.rank) })
    let (height, width) = (input.shape.height, input.shape.width)
    let rows = axes.contains {
      layout.axes.indices.contains($0) && layout.isWhole($0, .rows, height)
    }
    let columns = axes.contains {
      layout.axes.indices.contains($0) && layout.isWhole($0, .columns, width)
    }
    // Nothing else, but for axes of one index.
    let others = axes.filter { axis in
      !layout.axes.indices.contains(axis)
        || !(layout.axes[axis].isEmpty || layout.isWhole(axis, .rows, height)
          || layout.isWhole(axis, .columns, width))
    }
    guard !axes.isEmpty, others.isEmpty else {
      throw node.unsupported(
        "it reduces axes \(stated) of \(input.described), not its height or width")
    }
    var result = try pooled(
      node, input, rows: rows, columns: columns, byMaximum: node.op == "ReduceMax")
    for axis in axes { result.layout = result.layout.reduced(axis) }
    let keeps = try node.integer("keepdims") ?? 1 != 0
    if !keeps { result.layout = result.layout.removing(axes) }
    return result
  }

  /// One number for all rows, all columns, or both.
  private mutating func pooled(
    _ node: OperatorNode, _ input: Activation, rows: Bool, columns: Bool, byMaximum: Bool
  ) throws(ONNXError) -> Activation {
    guard rows || columns else { return input }
    let (height, width) = (input.shape.height, input.shape.width)
    let isGlobal = (rows || height == 1) && (columns || width == 1)
    let window = Window(kernelHeight: rows ? height : 1, kernelWidth: columns ? width : 1)
    if isGlobal, !byMaximum {
      // The mean of the means that a node before took over the other axis.
      if let producer = soleProducer(of: input),
        case .averagePool(let first, _) = producer.operation,
        first.isStripe, (height == 1) != (width == 1),
        (width == 1 ? first.kernelHeight : first.kernelWidth) == 1
      {
        replace(producer, .globalAveragePool, [:])
        var result = input
        (result.shape.height, result.shape.width) = (1, 1)
        return result
      }
      return try append(node, .globalAveragePool, [input], layout: input.layout)
    }
    return try append(
      node, byMaximum ? .maxPool(window) : .averagePool(window), [input], layout: input.layout)
  }

  /// Zeros around an image. A convolution that alone reads them takes them as its own.
  mutating func pad(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(1...4)
    var input = try activation(node, 0)
    let layout = input.layout
    guard try node.text("mode") ?? "constant" == "constant" else {
      throw node.unsupported("only padding with zeros is read")
    }
    let value: Float? =
      node.hasInput(2) ? try constant(node, 2).floats().first : try node.float("value")
    guard value ?? 0 == 0 else { throw node.unsupported("only padding with zeros is read") }
    let pads = try integers(node, attribute: "pads", input: 1) ?? []
    let rank = layout.rank
    var axes = Array(0..<rank)
    if node.hasInput(3) {
      axes = try constant(node, 3).integers().map { $0.fromStart(of: rank) }
    }
    guard pads.count == 2 * axes.count, Set(axes).count == axes.count,
      axes.allSatisfy({ (0..<rank).contains($0) })
    else { throw node.invalid("its pads \(pads) do not fit \(input.described)") }
    guard pads.allSatisfy({ (0...Graph.largestSide).contains($0) }) else {
      throw node.unsupported("its pads \(pads) are negative or out of range")
    }
    var padding = Padding(0)
    for (index, axis) in axes.enumerated() {
      let (before, after) = (pads[index], pads[index + axes.count])
      if before == 0, after == 0 { continue }
      if layout.isWhole(axis, .rows, input.shape.height) {
        (padding.top, padding.bottom) = (before, after)
      } else if layout.isWhole(axis, .columns, input.shape.width) {
        (padding.left, padding.right) = (before, after)
      } else {
        throw node.unsupported(
          "it pads axis \(axis) of \(input.described), and only height and width of more than one "
            + "pixel can be padded")
      }
    }
    if padding == Padding(0) { return input }
    guard input.isImage, isOnlyReadByConvolution(node) else {
      var result = try append(node, .pad(padding), [input], layout: layout)
      result.layout = layout.withSides(height: result.shape.height, width: result.shape.width)
      return result
    }
    input.padding = padding
    input.paddingNode = node
    return input
  }
}

extension Window {
  /// Whether it is one row or one column wide and moves by one pixel, without padding.
  fileprivate var isStripe: Bool {
    padding == Padding(0) && strideHeight == 1 && strideWidth == 1
      && (kernelHeight == 1 || kernelWidth == 1)
  }
}
