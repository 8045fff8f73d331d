import COneDNN
import NeuralGraph

/// One of oneDNN's functions of a single value, with its two constants.
private struct ElementwiseFunction {
  let algorithm: dnnl_alg_kind_t
  var alpha: Float = 0
  var beta: Float = 0

  /// The functions whose composition is the operation, first to last; none for any other.
  static func functions(of operation: Operation) -> [ElementwiseFunction] {
    switch operation {
    case .clip(let lower, let upper):
      [ElementwiseFunction(algorithm: dnnl_eltwise_clip, alpha: lower, beta: upper)]
    case .sigmoid: [ElementwiseFunction(algorithm: dnnl_eltwise_logistic)]
    case .hardSwish: [ElementwiseFunction(algorithm: dnnl_eltwise_hardswish)]
    case .hardSigmoid(let slope, let offset):
      [
        ElementwiseFunction(algorithm: dnnl_eltwise_linear, alpha: slope, beta: offset),
        ElementwiseFunction(algorithm: dnnl_eltwise_clip, alpha: 0, beta: 1),
      ]
    default: []
    }
  }
}

extension Operation {
  /// Whether a zero stays one, as the padding of blocked layouts must.
  fileprivate var keepsZero: Bool {
    switch self {
    case .clip(let lower, let upper): lower <= 0 && upper >= 0
    case .hardSwish: true
    default: false
    }
  }
}

extension ProgramCompiler {
  /// Clip, sigmoid, hard sigmoid and hard swish.
  func compileActivation(_ node: Node) throws(TrainingError) {
    var source = try value(node.inputs[0])
    if source.descriptor.isPadded, !node.operation.keepsZero {
      source = try reordered(source, to: .plain(source.descriptor.dimensions))
    }
    let layout = source.descriptor
    var steps: [(function: ElementwiseFunction, input: OneDNNMemory, hint: PrimitiveDescription)] =
      []
    var last = source
    for function in ElementwiseFunction.functions(of: node.operation) {
      let forward = try PrimitiveDescription(
        describe(function, layout, node), in: context, "activate '\(node.name)'")
      // Only the backward pass reads what lies between two functions.
      let target = mode.hasBackward || steps.isEmpty ? try memory(layout) : last
      try emit(forward, [DNNL_ARG_SRC: last, DNNL_ARG_DST: target], "activate '\(node.name)'")
      steps.append((function, last, forward))
      last = target
    }
    values[node.name] = last

    onBackward { [self] () throws(TrainingError) in
      guard needsGradient(node.inputs[0]),
        var gradient = try gradient(of: node.name, layout: layout)
      else { return }
      for step in steps.reversed() {
        var operation = dnnl_eltwise_desc_t()
        var (data, difference) = (layout, layout)
        try check(
          dnnl_eltwise_backward_desc_init(
            &operation, step.function.algorithm, &difference, &data, step.function.alpha,
            step.function.beta),
          "describe the backward pass of '\(node.name)'")
        let backward = try PrimitiveDescription(
          operation, in: context, hint: step.hint, "differentiate '\(node.name)'")
        let result = try memory(layout)
        try emit(
          backward,
          [DNNL_ARG_SRC: step.input, DNNL_ARG_DIFF_DST: gradient, DNNL_ARG_DIFF_SRC: result],
          "differentiate '\(node.name)'")
        gradient = result
      }
      contribute(gradient, to: node.inputs[0])
    }
  }

  private func describe(
    _ function: ElementwiseFunction, _ layout: MemoryDescriptor, _ node: Node
  ) throws(TrainingError) -> dnnl_eltwise_desc_t {
    var operation = dnnl_eltwise_desc_t()
    var data = layout
    let kind = mode.hasBackward ? dnnl_forward_training : dnnl_forward_inference
    try check(
      dnnl_eltwise_forward_desc_init(
        &operation, kind, function.algorithm, &data, function.alpha, function.beta),
      "describe '\(node.name)'")
    return operation
  }
}
