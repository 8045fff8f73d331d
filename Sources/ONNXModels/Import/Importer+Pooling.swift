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
    return try append(node, .maxPool(attributes.window(padding)), [input])
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
      node, .averagePool(attributes.window(padding), countsPadding: counts), [input])
  }

  mutating func globalAveragePool(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(1...1)
    return try append(node, .globalAveragePool, [image(node, 0)])
  }

  /// A mean over all positions.
  mutating func reduceMean(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(1...2)
    let input = try image(node, 0)
    let axes = try integers(node, attribute: "axes", input: 1) ?? []
    guard Set(axes.map { $0 < 0 ? $0 &+ 4 : $0 }) == [2, 3] else {
      throw node.unsupported("it averages over axes \(axes), not over height and width")
    }
    let keeps = try node.integer("keepdims") ?? 1 != 0
    return try append(node, .globalAveragePool, [input], layout: keeps ? .image : .flat)
  }

  /// Zeros around an image. A convolution that alone reads them takes them as its own.
  mutating func pad(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(1...4)
    var input = try image(node, 0)
    guard try node.text("mode") ?? "constant" == "constant" else {
      throw node.unsupported("only padding with zeros is read")
    }
    let value: Float? =
      node.hasInput(2) ? try constant(node, 2).floats().first : try node.float("value")
    guard value ?? 0 == 0 else { throw node.unsupported("only padding with zeros is read") }
    let pads = try integers(node, attribute: "pads", input: 1) ?? []
    var axes = [0, 1, 2, 3]
    if node.hasInput(3) {
      axes = try constant(node, 3).integers().map { $0 < 0 ? $0 &+ 4 : $0 }
    }
    guard pads.count == 2 * axes.count, Set(axes).count == axes.count,
      axes.allSatisfy({ (0..<4).contains($0) })
    else { throw node.invalid("its pads \(pads) do not fit an image") }
    var sides = [Int](repeating: 0, count: 8)
    for (index, axis) in axes.enumerated() {
      sides[axis] = pads[index]
      sides[axis + 4] = pads[index + axes.count]
    }
    guard sides.allSatisfy({ (0...Graph.largestSide).contains($0) }) else {
      throw node.unsupported("its pads \(pads) are negative or out of range")
    }
    guard sides[0] == 0, sides[1] == 0, sides[4] == 0, sides[5] == 0 else {
      throw node.unsupported("it pads the batch or the channels")
    }
    let padding = Padding(top: sides[2], left: sides[3], bottom: sides[6], right: sides[7])
    if padding == Padding(0) { return input }
    guard isOnlyReadByConvolution(node) else { return try append(node, .pad(padding), [input]) }
    input.padding = padding
    input.paddingNode = node
    return input
  }
}
