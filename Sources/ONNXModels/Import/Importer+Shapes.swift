import NeuralGraph

/// Operators that only change how an activation is laid out, and the arithmetic on shapes with which
/// exporters say so.
extension Importer {
  mutating func flatten(_ node: OperatorNode) throws(ONNXError) -> Activation {
    try node.requireInputs(1...1)
    var input = try activation(node, 0)
    let axis = try node.integer("axis") ?? 1
    guard axis == 1 || axis == 1 - input.rank else {
      throw node.unsupported("it flattens from axis \(axis), not one image each")
    }
    input.layout = .flat
    return input
  }

  /// [N, features], [N, channels, 1, 1], or the shape that the activation has.
  mutating func reshape(_ node: OperatorNode) throws(ONNXError) -> Value {
    try node.requireInputs(2...2)
    guard case .activation(var input) = try value(node, 0) else { return try reshapedTable(node) }
    var target = try extents(node, 1)
    if try node.integer("allowzero") ?? 0 == 0 {
      for (index, extent) in target.enumerated() where extent == .known(0) {
        guard index < input.extents.count else { throw node.invalid("it keeps a missing axis") }
        target[index] = input.extents[index]
      }
    }
    guard target.filter({ $0 == .known(-1) }).count <= 1 else {
      throw node.invalid("its shape leaves two dimensions open")
    }
    // Which of the possible results, if any, the shape describes.
    var flat = input
    flat.layout = .flat
    var image = input
    image.layout = .image
    let options = input.layout == .image || input.isVector ? [flat, image] : [flat]
    for option in options where matches(target, option) {
      input.layout = option.layout
      return .activation(input)
    }
    throw node.unsupported(
      "an activation of \(input.shape) is reshaped to something other than features of one image")
  }

  private func matches(_ target: [Extent], _ option: Activation) -> Bool {
    let extents = option.extents
    guard target.count == extents.count else { return false }
    // With an open dimension the others decide.
    return zip(target, extents).allSatisfy { $0 == $1 || $0 == .known(-1) }
  }

  /// Squeeze and Unsqueeze: between [N, channels, 1, 1] and [N, channels], or of shapes.
  mutating func changeRank(_ node: OperatorNode) throws(ONNXError) -> Value {
    try node.requireInputs(1...2)
    guard case .activation(var input) = try value(node, 0) else {
      return .extents(try extents(node, 0))
    }
    let axes = try integers(node, attribute: "axes", input: 1) ?? []
    let isSqueeze = node.op == "Squeeze"
    guard input.isVector, input.layout == (isSqueeze ? .image : .flat),
      Set(axes.map { $0 < 0 ? $0 &+ 4 : $0 }) == [2, 3]
    else {
      throw node.unsupported(
        "axes \(axes) of an activation of \(input.shape) are not its height and width of one pixel")
    }
    input.layout = isSqueeze ? .flat : .image
    return .activation(input)
  }

  // Shapes

  mutating func shape(_ node: OperatorNode) throws(ONNXError) -> [Extent] {
    try node.requireInputs(1...1)
    let extents = try activation(node, 0).extents
    func bound(_ value: Int) -> Int {
      min(max(value < 0 ? value + extents.count : value, 0), extents.count)
    }
    let start = bound(try node.integer("start") ?? 0)
    let end = bound(try node.integer("end") ?? extents.count)
    return start < end ? Array(extents[start..<end]) : []
  }

  mutating func gather(_ node: OperatorNode) throws(ONNXError) -> [Extent] {
    try node.requireInputs(2...2)
    let extents = try extents(node, 0)
    var result: [Extent] = []
    for index in try constant(node, 1).integers() {
      let index = index < 0 ? index &+ extents.count : index
      guard extents.indices.contains(index), result.count < Importer.largestRank else {
        throw node.invalid("it reads beyond a shape of \(extents.count) dimensions")
      }
      result.append(extents[index])
    }
    return result
  }

  mutating func slice(_ node: OperatorNode) throws(ONNXError) -> Value {
    try node.requireInputs(3...5)
    let steps = node.hasInput(4) ? try constant(node, 4).integers() : [1]
    if steps == [-1] { return try reversedTable(node) }
    let extents = try extents(node, 0)
    let (starts, ends) = (
      try constant(node, 1).integers(), try constant(node, 2).integers()
    )
    guard starts.count == 1, ends.count == 1, steps == [1] else {
      throw node.unsupported("only one range of a shape can be read")
    }
    func bound(_ value: Int) -> Int {
      min(max(value < 0 ? value &+ extents.count : value, 0), extents.count)
    }
    let (start, end) = (bound(starts[0]), bound(ends[0]))
    return .extents(start < end ? Array(extents[start..<end]) : [])
  }

  mutating func concatenatedExtents(_ node: OperatorNode) throws(ONNXError) -> [Extent] {
    var result: [Extent] = []
    for index in node.inputs.indices {
      result += try extents(node, index)
      guard result.count <= Importer.largestRank else {
        throw node.unsupported("a shape has more than \(Importer.largestRank) dimensions")
      }
    }
    return result
  }

  /// Arithmetic on single numbers, as in C · H · W.
  mutating func extentArithmetic(_ node: OperatorNode) throws(ONNXError) -> Extent {
    let (a, b) = (try extents(node, 0), try extents(node, 1))
    guard case .known(let x)? = a.first, case .known(let y)? = b.first, a.count == 1, b.count == 1
    else { throw node.unsupported("it computes with something other than single known sizes") }
    let result: (partialValue: Int, overflow: Bool) =
      switch node.op {
      case "Add": x.addingReportingOverflow(y)
      case "Sub": x.subtractingReportingOverflow(y)
      case "Mul": x.multipliedReportingOverflow(by: y)
      default: x.dividedReportingOverflow(by: y)
      }
    guard !result.overflow else { throw node.invalid("its result does not fit 64 bits") }
    return .known(result.partialValue)
  }

  /// Shapes are short.
  private static let largestRank = 8

  /// Input number `index` as a shape.
  private mutating func extents(_ node: OperatorNode, _ index: Int) throws(ONNXError) -> [Extent] {
    switch try value(node, index) {
    case .extents(let extents): return extents
    case .constant(let constant):
      let values = try constant.integers()
      guard values.count <= Importer.largestRank, constant.shape.count <= 1 else {
        throw node.unsupported("'\(constant.name)' is too large for a shape")
      }
      return values.map { .known($0) }
    case .activation:
      throw node.unsupported("its input \(index + 1) should be a shape, not an activation")
    }
  }
}
