extension Importer {
  /// Every operator that is read.
  static let operators = [
    "Add", "AveragePool", "BatchNormalization", "Cast", "Clip", "Concat", "Constant",
    "ConstantOfShape", "Conv", "Div", "Dropout", "Expand", "Flatten", "Gather", "Gemm",
    "GlobalAveragePool", "GlobalMaxPool", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu",
    "LogSoftmax", "MatMul", "Max", "MaxPool", "Min", "Mul", "PRelu", "Pad", "ReduceMax",
    "ReduceMean", "Relu", "Reshape", "Shape", "Sigmoid", "Slice", "Softmax", "Split", "Squeeze",
    "Sub", "Sum", "Transpose", "Unsqueeze",
  ]

  /// Adds one ONNX node to the graph.
  mutating func translate(_ node: OperatorNode) throws(ONNXError) {
    if try fold(node) { return }
    let value: Value
    switch node.op {
    case "Conv": value = .activation(try convolution(node))
    case "BatchNormalization": value = .activation(try batchNormalization(node))
    case "Gemm": value = .activation(try gemm(node))
    case "MatMul": value = .activation(try matrixProduct(node))
    case "Relu", "Sigmoid", "HardSigmoid", "HardSwish":
      value = .activation(try activationFunction(node))
    case "LeakyRelu", "PRelu": value = .activation(try leakyRectifier(node))
    case "Clip": value = .activation(try clip(node))
    case "Max", "Min": value = .activation(try limited(node))
    case "Softmax", "LogSoftmax": value = .activation(try softmax(node))
    case "Add", "Sub", "Mul", "Div": value = try arithmetic(node)
    case "Sum": value = .activation(try sum(node))
    case "MaxPool": value = .activation(try maxPool(node))
    case "AveragePool": value = .activation(try averagePool(node))
    case "GlobalAveragePool", "GlobalMaxPool": value = .activation(try globalPool(node))
    case "ReduceMean", "ReduceMax": value = .activation(try reduced(node))
    case "Pad": value = .activation(try pad(node))
    case "Concat": value = try concat(node)
    case "Flatten": value = .activation(try flatten(node))
    case "Reshape": value = .activation(try reshape(node))
    case "Squeeze", "Unsqueeze": value = try changeRank(node)
    case "Transpose": value = .activation(try transpose(node))
    case "Expand": value = .activation(try expand(node))
    case "Split": return try split(node)
    case "Shape": value = .extents(try shape(node))
    case "Gather": value = .extents(try gather(node))
    case "Slice": value = try slice(node)
    case "Constant": value = .constant(try node.constant(name: node.outputs.first ?? ""))
    case "Identity", "Cast", "Dropout": value = try passed(node)
    default:
      guard ConstantFolding.operators.contains(node.op) else {
        throw .unsupportedOperator(node: node.label, op: node.op)
      }
      throw node.unsupported("it is only computed of constants, and this one depends on the image")
    }
    try define(node, value)
  }

  /// Operators that change nothing when a network is used.
  private mutating func passed(_ node: OperatorNode) throws(ONNXError) -> Value {
    if node.op == "Dropout", node.hasInput(2) {
      guard try constant(node, 2).integers() == [0] else {
        throw node.unsupported("it is active; export the model in evaluation mode")
      }
    }
    let value = try value(node, 0, mayFollowSoftmax: true)
    if case .activation = value, node.op == "Cast" {
      let type = try node.integer("to").flatMap { Int32(exactly: $0) }
      guard type.flatMap(TensorType.init)?.isFloat == true else {
        throw node.unsupported("activations can only be floating-point numbers")
      }
    }
    return value
  }
}
