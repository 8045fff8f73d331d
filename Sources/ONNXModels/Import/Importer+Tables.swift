/// Arithmetic on small tables of whole numbers, with which PyTorch's exporter turns the order of its
/// padding into ONNX's when it does not fold it: a list is filled up with zeros, cut into pairs,
/// reversed, transposed and made a list again.
extension Importer {
  /// Far more than pads of an image need.
  private static let largestTable = 64

  private mutating func table(_ node: OperatorNode, _ index: Int) throws(ONNXError) -> (
    shape: [Int], values: [Int]
  ) {
    let constant = try constant(node, index)
    let values = try constant.integers()
    // Without an empty axis no other can be long.
    guard (1...Importer.largestTable).contains(values.count) else {
      throw node.unsupported("'\(constant.name)' is empty or too large to compute with")
    }
    return (constant.shape, values)
  }

  private func table(_ node: OperatorNode, _ shape: [Int], _ values: [Int]) -> Value {
    let name = node.outputs.first ?? ""
    return .constant(Constant(name: name, shape: shape, values: .integers(values)))
  }

  mutating func constantOfShape(_ node: OperatorNode) throws(ONNXError) -> Value {
    try node.requireInputs(1...1)
    let shape = try table(node, 0).values
    let fill = try node.constant(name: node.label).integers()
    guard shape.count == 1, fill.count == 1, (0...Importer.largestTable).contains(shape[0]) else {
      throw node.unsupported("only short lists of one whole number are read")
    }
    return table(node, shape, [Int](repeating: fill[0], count: shape[0]))
  }

  mutating func transpose(_ node: OperatorNode) throws(ONNXError) -> Value {
    try node.requireInputs(1...1)
    if case .activation = try value(node, 0) {
      throw node.unsupported("activations are not transposed")
    }
    let (shape, values) = try table(node, 0)
    guard shape.count == 2, try node.integers("perm") ?? [1, 0] == [1, 0] else {
      throw node.unsupported("only a table of two axes is transposed")
    }
    let (rows, columns) = (shape[0], shape[1])
    var result: [Int] = []
    for column in 0..<columns {
      for row in 0..<rows { result.append(values[row * columns + column]) }
    }
    return table(node, [columns, rows], result)
  }

  mutating func reshapedTable(_ node: OperatorNode) throws(ONNXError) -> Value {
    let (_, values) = try table(node, 0)
    var shape = try table(node, 1).values
    guard shape.count <= 2, shape.allSatisfy({ (-1...Importer.largestTable).contains($0) }) else {
      throw node.unsupported("a table would be reshaped to \(shape)")
    }
    if let open = shape.firstIndex(of: -1) {
      let rest = shape.enumerated().reduce(1) { $1.offset == open ? $0 : $0 * $1.element }
      guard rest > 0, values.count % rest == 0 else { throw node.invalid("its shape is \(shape)") }
      shape[open] = values.count / rest
    }
    guard shape.reduce(1, { $0 * $1 }) == values.count else {
      throw node.invalid("its shape \(shape) does not hold \(values.count) numbers")
    }
    return table(node, shape, values)
  }

  /// All rows in reverse order: the only slice of a table that exporters need.
  mutating func reversedTable(_ node: OperatorNode) throws(ONNXError) -> Value {
    let (shape, values) = try table(node, 0)
    let axes = node.hasInput(3) ? try table(node, 3).values : [0]
    let (starts, ends) = (try table(node, 1).values, try table(node, 2).values)
    guard let rows = shape.first, rows > 0, axes == [0], starts.count == 1, ends.count == 1,
      starts[0] == -1 || starts[0] >= rows - 1, ends[0] < -rows
    else { throw node.unsupported("a table can only be reversed whole") }
    let columns = values.count / rows
    var result: [Int] = []
    for row in (0..<rows).reversed() { result += values[row * columns..<(row + 1) * columns] }
    return table(node, shape, result)
  }
}
