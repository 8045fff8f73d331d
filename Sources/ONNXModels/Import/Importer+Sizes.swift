import NeuralGraph

/// The arithmetic on shapes with which exporters say how an activation is laid out.
extension Importer {
  mutating func shape(_ node: OperatorNode) throws(ONNXError) -> [Extent] {
    try node.requireInputs(1...1)
    let extents: [Extent]
    if case .extents(let sizes) = try value(node, 0) {
      extents = [.known(sizes.count)]
    } else {
      extents = try activation(node, 0).layout.extents
    }
    let start = try (node.integer("start") ?? 0).bound(of: extents.count)
    let end = try (node.integer("end") ?? extents.count).bound(of: extents.count)
    return start < end ? Array(extents[start..<end]) : []
  }

  mutating func gather(_ node: OperatorNode) throws(ONNXError) -> [Extent] {
    try node.requireInputs(2...2)
    let extents = try extents(node, 0)
    var result: [Extent] = []
    for index in try constant(node, 1).integers() {
      let index = index.fromStart(of: extents.count)
      guard extents.indices.contains(index), result.count < Importer.largestRank else {
        throw node.invalid("it reads beyond a shape of \(extents.count) dimensions")
      }
      result.append(extents[index])
    }
    return result
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
  static let largestRank = 8

  /// Input number `index` as a shape.
  mutating func extents(_ node: OperatorNode, _ index: Int) throws(ONNXError) -> [Extent] {
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
