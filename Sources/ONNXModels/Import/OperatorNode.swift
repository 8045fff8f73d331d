import Foundation

/// One node of an ONNX graph with typed access to its attributes; every error names the node and its
/// operator.
struct OperatorNode {
  let op: String
  /// What errors call the node: its name, or that of its first value.
  let label: String
  let name: String
  /// Values read; optional ones that are left out are empty texts or missing at the end.
  let inputs: [String]
  let outputs: [String]
  private let attributes: [String: ONNXAttribute]

  init(_ node: ONNXNode) throws(ONNXError) {
    let isStandard = ["", "ai.onnx"].contains(node.domain)
    op = isStandard ? node.opType : "\(node.domain).\(node.opType)"
    name = node.name
    label = node.name.isEmpty ? node.output.first ?? "" : node.name
    inputs = node.input
    outputs = node.output
    attributes = Dictionary(node.attribute.map { ($0.name, $0) }) { first, _ in first }
    guard attributes.count == node.attribute.count else {
      throw invalid("it has an attribute twice")
    }
  }

  /// Whether input number `index` is given.
  func hasInput(_ index: Int) -> Bool { index < inputs.count && !inputs[index].isEmpty }

  /// Whether output number `index` is given.
  func hasOutput(_ index: Int) -> Bool { index < outputs.count && !outputs[index].isEmpty }

  func unsupported(_ reason: String) -> ONNXError {
    .unsupportedForm(node: label, op: op, reason: reason)
  }

  func invalid(_ reason: String) -> ONNXError { .invalidNode(node: label, op: op, reason: reason) }

  /// Throws unless the number of inputs, trailing empty ones apart, is in `range`.
  func requireInputs(_ range: ClosedRange<Int>) throws(ONNXError) {
    let count = (inputs.lastIndex { !$0.isEmpty } ?? -1) + 1
    guard range.contains(count) else {
      throw invalid(
        range.count == 1
          ? "it needs \(range.lowerBound) input(s), not \(count)"
          : "it needs \(range.lowerBound) to \(range.upperBound) inputs, not \(count)")
    }
  }

  private func attribute(_ key: String, type: Int32, _ what: String) throws(ONNXError)
    -> ONNXAttribute?
  {
    guard let attribute = attributes[key] else { return nil }
    // Very old writers leave the type out.
    guard attribute.type == type || attribute.type == 0 else {
      throw invalid("its attribute '\(key)' should be \(what)")
    }
    return attribute
  }

  func integer(_ key: String) throws(ONNXError) -> Int? {
    try attribute(key, type: 2, "an integer").map { Int($0.i) }
  }

  func integers(_ key: String) throws(ONNXError) -> [Int]? {
    try attribute(key, type: 7, "a list of integers").map { $0.ints.map { Int($0) } }
  }

  /// A list with exactly `count` elements, none beyond what any side may be.
  func sides(_ key: String, count: Int) throws(ONNXError) -> [Int]? {
    guard let values = try integers(key) else { return nil }
    guard values.count == count else {
      throw unsupported("its attribute '\(key)' has \(values.count) numbers; images need \(count)")
    }
    return values
  }

  func float(_ key: String) throws(ONNXError) -> Float? {
    try attribute(key, type: 1, "a number").map { $0.f }
  }

  func text(_ key: String) throws(ONNXError) -> String? {
    try attribute(key, type: 3, "a text").map { String(decoding: $0.s, as: UTF8.self) }
  }

  /// What ConstantOfShape fills with: zero unless stated.
  func filling() throws(ONNXError) -> Constant.Values {
    guard let attribute = try attribute("value", type: 4, "a tensor") else { return .floats([0]) }
    let constant = try Constant(attribute.t, name: label)
    guard constant.count == 1 else { throw invalid("its 'value' is not one number") }
    return constant.values
  }

  /// The value of a Constant node, whichever attribute holds it.
  func constant(name: String) throws(ONNXError) -> Constant {
    if let attribute = try attribute("value", type: 4, "a tensor") {
      return try Constant(attribute.t, name: name)
    }
    if let value = try float("value_float") {
      return Constant(name: name, shape: [], values: .floats([value]))
    }
    if let attribute = try attribute("value_floats", type: 6, "a list of numbers") {
      return Constant(
        name: name, shape: [attribute.floats.count], values: .floats(attribute.floats))
    }
    if let value = try integer("value_int") {
      return Constant(name: name, shape: [], values: .integers([value]))
    }
    if let values = try integers("value_ints") {
      return Constant(name: name, shape: [values.count], values: .integers(values))
    }
    throw unsupported("only tensors and numbers can be constants")
  }
}
