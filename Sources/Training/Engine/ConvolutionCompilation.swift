import COneDNN
import NeuralGraph

extension ProgramCompiler {
  /// Convolution with any stride, padding and groups. A following ReLU is fused into the store.
  func compile(_ convolution: Convolution, _ node: Node) throws(TrainingError) {
    let source = try value(node.inputs[0])
    let kernel = try ConvolutionDescriptors(
      convolution, source: dims(shape(node.inputs[0])), output: dims(shape(node.name)),
      type: valueType, allowsWinograd: resources.allowsWinograd)
    let weights = try parameter(node.weightName)
    let bias = convolution.bias ? try parameter(node.biasName) : nil
    let tail = absorbTail(of: node, withAddition: false)
    let attributes: PrimitiveAttributes? =
      tail.clamps
      ? try PrimitiveAttributes(relu: tail.upper.isFinite ? tail.upper : nil) : nil

    let forward = try kernel.description { algorithm throws(TrainingError) in
      try PrimitiveDescription(
        kernel.forward(algorithm), in: context,
        attributes: attributes, "convolve '\(node.name)'")
    }
    let target = try memory(forward.layout(dnnl_query_dst_md))
    var arguments = [
      DNNL_ARG_SRC: try reordered(source, to: forward.layout(dnnl_query_src_md)),
      DNNL_ARG_WEIGHTS: try weight(
        weights, dims: kernel.weightDims, layout: forward.layout(dnnl_query_weights_md)),
      DNNL_ARG_DST: target,
    ]
    if let bias {
      arguments[DNNL_ARG_BIAS] = try memory(
        .plain([convolution.outChannels]), sharing: bias.valueBuffer)
    }
    try emit(forward, arguments, "convolve '\(node.name)'")
    try emitPins(of: node.name, to: target, tail: tail)
    values[tail.output] = target

    let kept = tail.clamps ? target : nil
    onBackward { [self] () throws(TrainingError) in
      let layout = try forward.layout(dnnl_query_dst_md)
      guard var gradient = try gradient(of: tail.output, layout: layout) else { return }
      if let kept {
        gradient = try behindClamp(gradient, of: kept, lower: tail.lower, upper: tail.upper)
      }
      try buildBackward(
        kernel, node, source: source, gradient: gradient, weights: weights, bias: bias,
        hint: forward)
    }
  }

  private func buildBackward(
    _ kernel: ConvolutionDescriptors, _ node: Node, source: OneDNNMemory,
    gradient: OneDNNMemory, weights: ParameterBuffer, bias: ParameterBuffer?,
    hint: PrimitiveDescription
  ) throws(TrainingError) {
    let toWeights = try kernel.description { algorithm throws(TrainingError) in
      try PrimitiveDescription(
        kernel.backwardWeights(algorithm), in: context, hint: hint,
        "differentiate '\(node.name)'")
    }
    let (weightGradient, finish) = try weightGradient(
      weights, dims: kernel.weightDims, layout: toWeights.layout(dnnl_query_diff_weights_md))
    var arguments = [
      DNNL_ARG_SRC: try reordered(source, to: toWeights.layout(dnnl_query_src_md)),
      DNNL_ARG_DIFF_DST: try reordered(gradient, to: toWeights.layout(dnnl_query_diff_dst_md)),
      DNNL_ARG_DIFF_WEIGHTS: weightGradient,
    ]
    if let bias {
      arguments[DNNL_ARG_DIFF_BIAS] = try memory(
        .plain([bias.count]), sharing: bias.gradientMemory())
    }
    try emit(toWeights, arguments, "differentiate '\(node.name)' by its weights")
    try finish()

    guard needsGradient(node.inputs[0]) else { return }
    let toData = try kernel.description { algorithm throws(TrainingError) in
      try PrimitiveDescription(
        kernel.backwardData(algorithm), in: context, hint: hint, "differentiate '\(node.name)'")
    }
    let result = try memory(toData.layout(dnnl_query_diff_src_md))
    try emit(
      toData,
      [
        DNNL_ARG_DIFF_DST: reordered(gradient, to: toData.layout(dnnl_query_diff_dst_md)),
        DNNL_ARG_WEIGHTS: weight(
          weights, dims: kernel.weightDims, layout: toData.layout(dnnl_query_weights_md)),
        DNNL_ARG_DIFF_SRC: result,
      ], "differentiate '\(node.name)' by its input")
    contribute(result, to: node.inputs[0])
  }
}
