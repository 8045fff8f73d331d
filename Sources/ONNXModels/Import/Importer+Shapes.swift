import NeuralGraph

/// Operators that only change how an activation is laid out.
extension Importer {
  mutating func flatten(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(1...1)
    var input = try activation(node, 0, mayFollowSoftmax: true)
    let stated = try node.integer("axis") ?? 1
    let axis = stated.fromStart(of: input.layout.rank)
    guard axis == 1, input.layout.rank > 1, input.layout.axes[0] == [.batch] else {
      throw node.unsupported("it flattens from axis \(stated), not one image each")
    }
    input.layout = input.layout.flattened(from: 1)
    return input
  }

  /// Any shape that keeps images apart.
  mutating func reshape(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(2...2)
    var input = try activation(node, 0, mayFollowSoftmax: true)
    var target = try extents(node, 1)
    if try node.integer("allowzero") ?? 0 == 0 {
      for (index, extent) in target.enumerated() where extent == .known(0) {
        guard index < input.layout.rank else { throw node.invalid("it keeps a missing axis") }
        target[index] = input.layout.extents[index]
      }
    }
    guard target.filter({ $0 == .known(-1) }).count <= 1 else {
      throw node.invalid("its shape leaves two dimensions open")
    }
    guard let sizes = sizesOfOneImage(target, count: input.shape.count),
      let layout = input.layout.reshaped(sizes)
    else {
      throw node.unsupported(
        "\(input.described) is reshaped to something other than features of one image each")
    }
    input.layout = layout
    return input
  }

  /// The sizes of all axes but the first, which is the batch; nil when it is not, or the others do not
  /// hold one image.
  private func sizesOfOneImage(_ target: [Extent], count: Int) -> [Int]? {
    guard let first = target.first else { return nil }
    var sizes = target.dropFirst().compactMap(\.size)
    guard sizes.count == target.count - 1 else { return nil }
    func product(_ sizes: [Int]) -> Int? { Tensor.count(of: sizes) }
    let isBatch =
      switch first {
      case .batch: true
      case .known(-1): true
      // What exporters write that took the example's batch for a constant.
      case .known(let size): size == fixedBatch ?? 1 || size == 1
      }
    guard isBatch else { return nil }
    if let open = sizes.firstIndex(of: -1) {
      sizes[open] = 1
      guard let rest = product(sizes), rest > 0, count % rest == 0 else { return nil }
      sizes[open] = count / rest
    }
    return product(sizes) == count ? sizes : nil
  }

  /// Squeeze and Unsqueeze, of an activation's axes of one index or of shapes.
  mutating func changeRank(_ node: OperatorNode) throws(ONNXError) -> Value {
    try node.requireInputs(1...2)
    guard case .activation = try value(node, 0, mayFollowSoftmax: true) else {
      return .extents(try extents(node, 0))
    }
    var input = try activation(node, 0, mayFollowSoftmax: true)
    let layout = input.layout
    let stated = try integers(node, attribute: "axes", input: 1)
    func places(_ rank: Int) -> Set<Int> { Set((stated ?? []).map { $0.fromStart(of: rank) }) }
    let changed: Layout?
    if node.op == "Squeeze" {
      // Without axes every axis of one index goes.
      let axes =
        stated == nil
        ? Set(layout.axes.indices.filter { layout.axes[$0].isEmpty })
        : places(layout.rank)
      let isPossible = axes.allSatisfy {
        layout.axes.indices.contains($0) && layout.axes[$0].isEmpty
      }
      changed = isPossible ? layout.removing(axes) : nil
    } else {
      let axes = places(layout.rank + Set(stated ?? []).count)
      changed =
        axes.count == stated?.count && layout.rank + axes.count <= Importer.largestRank
        ? layout.inserting(axes) : nil
    }
    guard let changed, changed.axes.first == [.batch] else {
      throw node.unsupported("\(input.described) has no axes \(stated ?? []) of one index")
    }
    input.layout = changed
    return .activation(input)
  }

  mutating func transpose(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(1...1)
    var input = try activation(node, 0, mayFollowSoftmax: true)
    let axes = Array(input.layout.axes.indices)
    let order = try node.integers("perm") ?? axes.reversed()
    guard order.sorted() == axes else {
      throw node.invalid("its order \(order) does not fit \(input.described)")
    }
    guard order.first == 0 else { throw node.unsupported("it moves the batch") }
    input.layout = input.layout.transposed(order)
    return input
  }

  /// Numbers per channel repeated over an image, which a product does by itself; or nothing new.
  mutating func expand(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(2...2)
    var input = try activation(node, 0)
    let target = try extents(node, 1)
    let own = input.layout.extents
    guard target.count == own.count else {
      throw node.unsupported("it changes the number of axes of \(input.described)")
    }
    var sides = (height: 1, width: 1)
    for (axis, (extent, own)) in zip(target, own).enumerated() {
      if extent == own || extent == .known(1) { continue }
      if own == .batch, let size = extent.size, size == fixedBatch { continue }
      // Where the rows and columns of an image of that layout are.
      guard input.isVector, input.layout == .image(input.shape), axis >= 2, let size = extent.size,
        (1...Graph.largestSide).contains(size)
      else {
        throw node.unsupported("it repeats \(input.described) along axis \(axis)")
      }
      if axis == 2 { sides.height = size } else { sides.width = size }
    }
    guard sides != (1, 1) else { return input }
    input.layout = .image(
      ActivationShape(channels: input.shape.channels, height: sides.height, width: sides.width))
    input.isExpanded = true
    return input
  }

  // Parts of an activation

  /// Several runs of channels.
  mutating func split(_ node: OperatorNode) throws(ONNXError) {
    try node.requireInputs(1...2)
    let input = try inOrder(activation(node, 0), reader: node)
    let count = node.outputs.count
    let stated = try integers(node, attribute: "split", input: 1)
    let channels = input.shape.channels
    // Equal parts, the last perhaps smaller (since operator set 18).
    let part = count > 0 ? (channels + count - 1) / count : channels
    let sizes = stated ?? (0..<count).map { min(part, max(0, channels - $0 * part)) }
    let axis = try node.integer("axis") ?? 0
    guard sizes.count == count, sizes.allSatisfy({ (1...channels).contains($0) }),
      sizes.reduce(0, +) == channels
    else { throw node.invalid("its parts \(sizes) are not all \(channels) channels") }
    var start = 0
    for (index, size) in sizes.enumerated() {
      if node.hasOutput(index) {
        let part = try self.part(node, input, axis: axis, start..<start + size)
        try define(node, .activation(part), output: index)
      }
      start += size
    }
  }

  /// A run of channels.
  private mutating func part(
    _ node: OperatorNode, _ x: Activation, axis stated: Int, _ range: Range<Int>
  ) throws(ONNXError) -> Activation {
    let axis = stated.fromStart(of: x.layout.rank)
    guard axis > 0, x.layout.channelAxis(x.shape) == axis, !range.isEmpty else {
      throw node.unsupported(
        "it cuts axis \(stated) of \(x.described), and only channels can be taken apart")
    }
    if range.count == x.shape.channels { return x }
    return try selected(
      node, x, channels: Array(range), layout: x.layout.withChannels(range.count, axis: axis))
  }

  /// Ranges of channels, every n-th row and column, or a part of a shape.
  mutating func slice(_ node: OperatorNode) throws(ONNXError) -> Value {
    try node.requireInputs(1...5)
    guard
      let starts = try integers(node, attribute: "starts", input: 1),
      let ends = try integers(node, attribute: "ends", input: 2)
    else { throw node.invalid("it does not say what to take") }
    let axes = try integers(node, attribute: "axes", input: 3) ?? Array(starts.indices)
    let steps = node.hasInput(4) ? try constant(node, 4).integers() : starts.map { _ in 1 }
    guard starts.count == ends.count, starts.count == axes.count, starts.count == steps.count else {
      throw node.invalid("its starts, ends, axes and steps differ in number")
    }
    guard case .activation = try value(node, 0) else {
      let extents = try extents(node, 0)
      guard starts.count == 1, steps == [1] else {
        throw node.unsupported("only one range of a shape can be read")
      }
      let (start, end) = (starts[0].bound(of: extents.count), ends[0].bound(of: extents.count))
      return .extents(start < end ? Array(extents[start..<end]) : [])
    }
    var x = try inOrder(activation(node, 0), reader: node)
    for index in starts.indices {
      let axis = axes[index].fromStart(of: x.layout.rank)
      guard x.layout.axes.indices.contains(axis), steps[index] > 0 else {
        throw node.unsupported("it takes axis \(axes[index]) in steps of \(steps[index])")
      }
      // All images of a batch, however many.
      guard let size = x.layout.extents[axis].size else {
        guard starts[index] == 0, ends[index] >= Int(Int32.max), steps[index] == 1 else {
          throw node.unsupported("it takes some images of a batch")
        }
        continue
      }
      let (start, end) = (starts[index].bound(of: size), ends[index].bound(of: size))
      if start == 0, end == size, steps[index] == 1 { continue }
      x = try strided(node, x, axis: axis, start..<max(start, end), step: steps[index])
    }
    return .activation(x)
  }

  private mutating func strided(
    _ node: OperatorNode, _ x: Activation, axis: Int, _ range: Range<Int>, step: Int
  ) throws(ONNXError) -> Activation {
    let (height, width) = (x.shape.height, x.shape.width)
    let isRows = x.layout.isWhole(axis, .rows, height)
    guard isRows || x.layout.isWhole(axis, .columns, width) else {
      guard step == 1 else { throw node.unsupported("it takes every \(step)th channel") }
      return try part(node, x, axis: axis, range)
    }
    guard range == 0..<(isRows ? height : width), step <= Graph.largestSide else {
      throw node.unsupported("it cuts out a part of the image")
    }
    // A window of one pixel that moves by that much.
    let window = Window(
      kernelHeight: 1, kernelWidth: 1, strideHeight: isRows ? step : 1,
      strideWidth: isRows ? 1 : step)
    var result = try append(node, .maxPool(window), [x], layout: x.layout)
    result.layout = x.layout.withSides(height: result.shape.height, width: result.shape.width)
    return result
  }
}

extension Activation {
  /// As [N, channels, height, width] of its shape.
  func asImage() -> Activation {
    var result = self
    result.layout = .image(shape)
    return result
  }

  /// What errors call it.
  var described: String {
    let sides = layout.extents.map { $0.size.map(String.init) ?? "N" }
    return "an activation [\(sides.joined(separator: ", "))]"
  }
}
