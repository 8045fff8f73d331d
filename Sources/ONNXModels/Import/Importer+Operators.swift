extension Importer {
  /// Every operator that is read.
  static let operators = [
    "Add", "AveragePool", "BatchNormalization", "Cast", "Clip", "Concat", "Constant",
    "ConstantOfShape", "Conv", "Div", "Dropout", "Flatten", "Gather", "Gemm", "GlobalAveragePool",
    "HardSigmoid", "HardSwish", "Identity", "LogSoftmax", "MatMul", "MaxPool", "Mul", "Pad",
    "ReduceMean", "Relu", "Reshape", "Shape", "Sigmoid", "Slice", "Softmax", "Squeeze", "Sub",
    "Transpose", "Unsqueeze",
  ]

  /// Adds one ONNX node to the graph.
  mutating func translate(_ node: OperatorNode) throws(ONNXError) {
    let value: Value
    switch node.op {
    case "Conv": value = .activation(try convolution(node))
    case "BatchNormalization": value = .activation(try batchNormalization(node))
    case "Gemm": value = .activation(try gemm(node))
    case "MatMul": value = .activation(try matrixProduct(node))
    case "Relu", "Sigmoid", "HardSigmoid", "HardSwish":
      value = .activation(try activationFunction(node))
    case "Clip": value = .activation(try clip(node))
    case "Softmax", "LogSoftmax": value = .activation(try softmax(node))
    case "Add", "Sub", "Mul", "Div": value = try arithmetic(node)
    case "MaxPool": value = .activation(try maxPool(node))
    case "AveragePool": value = .activation(try averagePool(node))
    case "GlobalAveragePool": value = .activation(try globalAveragePool(node))
    case "ReduceMean": value = .activation(try reduceMean(node))
    case "Pad": value = .activation(try pad(node))
    case "Concat": value = try concat(node)
    case "Flatten": value = .activation(try flatten(node))
    case "Reshape": value = try reshape(node)
    case "Squeeze", "Unsqueeze": value = try changeRank(node)
    case "Shape": value = .extents(try shape(node))
    case "Gather": value = .extents(try gather(node))
    case "Slice": value = try slice(node)
    case "ConstantOfShape": value = try constantOfShape(node)
    case "Transpose": value = try transpose(node)
    case "Constant": value = .constant(try node.constant(name: node.outputs.first ?? ""))
    case "Identity", "Cast", "Dropout": value = try passed(node)
    default: throw .unsupportedOperator(node: node.label, op: node.op)
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
    let value = try value(node, 0)
    switch (value, node.op) {
    case (.activation, "Cast"):
      let type = try node.integer("to").flatMap { Int32(exactly: $0) }
      guard type.flatMap(TensorType.init)?.isFloat == true else {
        throw node.unsupported("activations can only be floating-point numbers")
      }
      return value
    case (.constant(var constant), "Cast"):
      // Arithmetic is in 32 bits and sizes in 64, so that only a change of kind would matter.
      let type = try node.integer("to").flatMap { Int32(exactly: $0) }.flatMap(TensorType.init)
      let isFloat = if case .floats = constant.values { true } else { false }
      guard isFloat ? type?.isFloat == true : type == .int64 else {
        throw node.unsupported("constants cannot change between whole and floating-point numbers")
      }
      constant.name = node.outputs.first ?? constant.name
      return .constant(constant)
    case (.constant(var constant), _):
      // Where several layers start from equal values, PyTorch's exporter stores one tensor and
      // names the others by an Identity.
      constant.name = node.outputs.first ?? constant.name
      return .constant(constant)
    default:
      return value
    }
  }
}
