import NeuralGraph

/// Computes what follows from constants alone, as weight standardisation, Keras's and tf2onnx's
/// exports and PyTorch's shapes do: before anything is refused, so that a network is judged by what it
/// does to images.
struct ConstantFolding {
  /// The operators that are computed of constants.
  static let operators: Set<String> = [
    "Identity", "Cast", "Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Concat",
    "Slice", "Gather", "Expand", "Shape", "ConstantOfShape", "Add", "Sub", "Mul", "Div", "Pow",
    "Max", "Min", "Sum", "Sqrt", "Neg", "Abs", "Reciprocal", "Exp", "Log", "Floor", "Ceil",
    "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL2",
    "ReduceSumSquare", "MatMul", "Equal", "Where",
  ]

  /// Those that read sizes of an activation, a list or a single number alike.
  static let readsSizes: Set<String> = ["ConstantOfShape", "Reshape", "Transpose", "Slice"]

  /// Numbers that may still be computed, and steps that may still be taken to them.
  private var budget: Int

  init(fileSize: Int) {
    budget = 1 << 20
    extend(by: fileSize)
  }

  /// Allows for what more bytes of the model's file may give: sixteen steps with each of its weights.
  mutating func extend(by bytes: Int) { budget += 4 * bytes }

  /// The node's values; its inputs are constants, nil where an optional one is missing.
  mutating func result(
    _ node: OperatorNode, _ inputs: [Constant?]
  ) throws(ONNXError) -> Constant {
    let step = FoldingStep(node: node, inputs: inputs)
    for input in inputs.compactMap({ $0 }) {
      guard input.shape.count <= Importer.largestRank,
        ConstantFolding.isInRange(input.shape)
      else { throw node.unsupported("its constant of shape \(input.shape) is out of range") }
    }
    let (shape, cost) = try step.plan()
    guard let count = Tensor.count(of: shape), shape.count <= Importer.largestRank,
      ConstantFolding.isInRange(shape)
    else { throw node.invalid("its result of shape \(shape) is out of range") }
    guard cost <= budget, count <= budget else {
      throw .foldingTooLarge(node: node.label, op: node.op)
    }
    budget -= max(cost, count)
    let values = try step.values(shape)
    return Constant(name: step.name, shape: shape, values: values)
  }

  /// Whether products of the sides fit, the long ones beside an empty one too.
  private static func isInRange(_ shape: [Int]) -> Bool {
    guard shape.allSatisfy({ $0 <= Graph.largestSide }) else { return false }
    return (Tensor.count(of: shape.map { max($0, 1) }) ?? .max) <= 1 << 40
  }
}

/// One node whose inputs are constant.
struct FoldingStep {
  let node: OperatorNode
  let inputs: [Constant?]

  /// The name that a layer takes from the result: that of the largest constant in it, as a weight that
  /// was transposed or scaled is still that weight. Where several layers start from equal values,
  /// PyTorch's exporter stores one tensor and names the others by an Identity.
  var name: String {
    let output = node.outputs.first ?? ""
    if node.op == "Identity" || node.op == "Cast" { return output }
    let largest = inputs.compactMap { $0 }.filter(\.isFloat).max { $0.count < $1.count }
    return largest?.name ?? output
  }

  func input(_ index: Int) throws(ONNXError) -> Constant {
    guard index < inputs.count, let input = inputs[index] else {
      throw node.invalid("its input \(index + 1) is missing")
    }
    return input
  }

  /// A list of whole numbers given as an input or, in older operator sets, as an attribute.
  func integers(_ key: String, _ index: Int) throws(ONNXError) -> [Int]? {
    if index < inputs.count, let input = inputs[index] { return try input.integers() }
    return try node.integers(key)
  }

  /// The number of an axis, counted from the end where it is negative.
  func axis(_ stated: Int, rank: Int) throws(ONNXError) -> Int {
    let axis = stated.fromStart(of: rank)
    guard (0..<rank).contains(axis) else { throw node.invalid("it has no axis \(stated)") }
    return axis
  }

  /// The result's shape, and the steps that it takes.
  func plan() throws(ONNXError) -> (shape: [Int], cost: Int) {
    let x = try input(0)
    let rank = x.shape.count
    switch node.op {
    case "Identity", "Cast", "Sqrt", "Neg", "Abs", "Reciprocal", "Exp", "Log", "Floor", "Ceil":
      return (x.shape, x.count)
    case "Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Sum", "Equal", "Where":
      let shape = try broadcastShape()
      return (shape, min(Tensor.count(of: shape) ?? 0, 1 << 40) * inputs.count)
    case "Transpose": return (try order().map { x.shape[$0] }, x.count)
    case "Reshape", "Flatten", "Squeeze", "Unsqueeze": return (try reshapedShape(x), x.count)
    case "Shape": return ([try shapeValues(x).count], rank)
    case "ConstantOfShape": return (try x.integers(), 0)
    case "Expand":
      let shape = try broadcastShape(with: input(1).integers())
      return (shape, Tensor.count(of: shape) ?? .max)
    case "Concat":
      var shape = x.shape
      let axis = try axis(node.integer("axis") ?? 0, rank: rank)
      for index in inputs.indices.dropFirst() {
        let next = try input(index).shape
        guard next.count == rank, next.indices.allSatisfy({ $0 == axis || next[$0] == shape[$0] })
        else { throw node.invalid("it joins shapes \(x.shape) and \(next)") }
        shape[axis] += next[axis]
      }
      // Empty results are walked row by row, too.
      return (shape, x.shape[..<axis].reduce(1, *))
    case "Slice": return (try slices(x).map(\.count), 0)
    case "Gather":
      let axis = try axis(node.integer("axis") ?? 0, rank: rank)
      return (
        Array(x.shape[..<axis]) + (try input(1).shape) + Array(x.shape[(axis + 1)...]),
        x.shape[..<axis].reduce(1, *)
      )
    case "MatMul":
      let other = try input(1)
      guard rank == 2, other.shape.count == 2, x.shape[1] == other.shape[0] else {
        throw node.unsupported("only matrices are multiplied, not \(x.shape) and \(other.shape)")
      }
      let shape = [x.shape[0], other.shape[1]]
      return (shape, Tensor.count(of: shape + [x.shape[1]]) ?? .max)
    default:
      let axes = try reducedAxes(x)
      let keeps = try node.integer("keepdims") ?? 1 != 0
      let shape = x.shape.enumerated().compactMap { index, size in
        axes.contains(index) ? (keeps ? 1 : nil) : size
      }
      return (shape, x.count)
    }
  }

  /// The values, of as many as the shape of the plan has.
  func values(_ shape: [Int]) throws(ONNXError) -> Constant.Values {
    let x = try input(0)
    switch node.op {
    case "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze":
      guard Tensor.count(of: shape) == x.count else {
        throw node.invalid("\(x.shape) does not become \(shape)")
      }
      return x.values
    case "Cast": return try cast(x)
    case "Sqrt", "Neg", "Abs", "Reciprocal", "Exp", "Log", "Floor", "Ceil": return try function(x)
    case "Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Sum", "Equal":
      return try arithmetic(shape)
    case "Where": return try chosen(shape)
    case "Transpose":
      let order = try order()
      let strides = x.strides
      return x.picked(shape, strides: order.map { strides[$0] })
    case "Expand": return x.picked(shape, strides: x.strides(broadcastTo: shape))
    case "Shape": return .integers(try shapeValues(x))
    case "ConstantOfShape": return try filled(shape)
    case "Concat": return try joined(x)
    case "Slice":
      let slices = try slices(x)
      let strides = x.strides
      return x.picked(
        shape, strides: zip(slices, strides).map { $0.step * $1 },
        start: zip(slices, strides).reduce(0) { $0 + $1.0.start * $1.1 })
    case "Gather": return try gathered(x)
    case "MatMul": return try product(x, input(1))
    default: return try reduced(x, shape)
    }
  }
}

extension Int {
  /// A place or axis among so many that is counted from the end where it is negative, from the start. Any
  /// number may come of it.
  func fromStart(of count: Int) -> Int { self < 0 ? self &+ count : self }

  /// The same as an end of a range of so many: cut to 0…count.
  func bound(of count: Int) -> Int { Swift.min(Swift.max(fromStart(of: count), 0), count) }
}
