import COneDNN
import NeuralGraph

extension ProgramCompiler {
  /// A fully connected layer over the flattened activation. The input is handed to oneDNN as it is,
  /// with the weight viewed as [out, channels, height, width], so that blocked activations need no
  /// flattening. The result is a map of one pixel, which any operation can read.
  func compileLinear(_ node: Node) throws(TrainingError) {
    guard case .linear(_, let outFeatures, let hasBias) = node.operation else {
      return
    }
    let source = try value(node.inputs[0])
    let weightDims = [outFeatures] + source.descriptor.dimensions.dropFirst()
    let weights = try parameter(node.weightName)
    let bias = hasBias ? try parameter(node.biasName) : nil

    var any = try MemoryDescriptor(sourceDims, dnnl_format_tag_any, valueType)
    var weightAny = try MemoryDescriptor(weightDims, dnnl_format_tag_any, valueType)
    // The loss is taken of unrounded scores.
    var outputAny = try MemoryDescriptor(
      [count, outFeatures], dnnl_format_tag_any,
      node.name == graph.output ? dnnl_f32 : valueType)
    let biasLayout: MemoryDescriptor? = hasBias ? try .plain([outFeatures]) : nil
    var operation = dnnl_inner_product_desc_t()
    let kind = mode.hasBackward ? dnnl_forward_training : dnnl_forward_inference
    let status = withOptionalPointer(to: biasLayout) {
      dnnl_inner_product_forward_desc_init(&operation, kind, &any, &weightAny, $0, &outputAny)
    }
    try check(status, "describe '\(node.name)'")
    let forward = try PrimitiveDescription(operation, in: context, "multiply '\(node.name)'")
    let target = try memory(forward.layout(dnnl_query_dst_md))
    var arguments = [
      DNNL_ARG_SRC: try reordered(source, to: forward.layout(dnnl_query_src_md)),
      DNNL_ARG_WEIGHTS: try weight(
        weights, dims: weightDims, layout: forward.layout(dnnl_query_weights_md)),
      DNNL_ARG_DST: target,
    ]
    if let bias {
      arguments[DNNL_ARG_BIAS] = try memory(.plain([outFeatures]), sharing: bias.valueBuffer)
    }
    try emit(forward, arguments, "multiply '\(node.name)'")
    let flat = try MemoryDescriptor.plain([count, outFeatures])
    let map = try MemoryDescriptor.plain([count, outFeatures, 1, 1])
    values[node.name] = try memory(map, sharing: reordered(target, to: flat).buffer)

    onBackward { [self] () throws(TrainingError) in
      guard let mapGradient = try gradient(of: node.name, layout: map) else { return }
      let gradient = try memory(flat, sharing: mapGradient.buffer)
      try buildWeightGradient(
        node, source: source, gradient: gradient, weightDims: weightDims, weights: weights,
        bias: bias, hint: forward)
      try buildDataGradient(
        node, source: source, gradient: gradient, weightDims: weightDims, weights: weights,
        hint: forward)
    }
  }

  private func buildWeightGradient(
    _ node: Node, source: OneDNNMemory, gradient: OneDNNMemory, weightDims: [Int],
    weights: ParameterBuffer, bias: ParameterBuffer?, hint: PrimitiveDescription
  ) throws(TrainingError) {
    var any = try MemoryDescriptor(
      source.descriptor.dimensions, dnnl_format_tag_any, valueType)
    var weightAny = try MemoryDescriptor(weightDims, dnnl_format_tag_any)
    var outputAny = try MemoryDescriptor(
      gradient.descriptor.dimensions, dnnl_format_tag_any, valueType)
    let biasLayout: MemoryDescriptor? = if let bias { try .plain([bias.count]) } else { nil }
    var operation = dnnl_inner_product_desc_t()
    let status = withOptionalPointer(to: biasLayout) {
      dnnl_inner_product_backward_weights_desc_init(&operation, &any, &weightAny, $0, &outputAny)
    }
    try check(status, "describe the backward pass of '\(node.name)'")
    let description = try PrimitiveDescription(
      operation, in: context, hint: hint, "differentiate '\(node.name)'")
    let (weightGradient, finish) = try weightGradient(
      weights, dims: weightDims, layout: description.layout(dnnl_query_diff_weights_md))
    var arguments = [
      DNNL_ARG_SRC: try reordered(source, to: description.layout(dnnl_query_src_md)),
      DNNL_ARG_DIFF_DST: try reordered(gradient, to: description.layout(dnnl_query_diff_dst_md)),
      DNNL_ARG_DIFF_WEIGHTS: weightGradient,
    ]
    if let bias {
      arguments[DNNL_ARG_DIFF_BIAS] = try memory(
        .plain([bias.count]), sharing: bias.gradientBuffer)
    }
    try emit(description, arguments, "differentiate '\(node.name)' by its weights")
    try finish()
  }

  private func buildDataGradient(
    _ node: Node, source: OneDNNMemory, gradient: OneDNNMemory, weightDims: [Int],
    weights: ParameterBuffer, hint: PrimitiveDescription
  ) throws(TrainingError) {
    guard needsGradient(node.inputs[0]) else { return }
    var any = try MemoryDescriptor(
      source.descriptor.dimensions, dnnl_format_tag_any, valueType)
    var weightAny = try MemoryDescriptor(weightDims, dnnl_format_tag_any, valueType)
    var outputAny = try MemoryDescriptor(
      gradient.descriptor.dimensions, dnnl_format_tag_any, valueType)
    var operation = dnnl_inner_product_desc_t()
    try check(
      dnnl_inner_product_backward_data_desc_init(&operation, &any, &weightAny, &outputAny),
      "describe the backward pass of '\(node.name)'")
    let description = try PrimitiveDescription(
      operation, in: context, hint: hint, "differentiate '\(node.name)'")
    let result = try memory(description.layout(dnnl_query_diff_src_md))
    try emit(
      description,
      [
        DNNL_ARG_DIFF_DST: reordered(gradient, to: description.layout(dnnl_query_diff_dst_md)),
        DNNL_ARG_WEIGHTS: weight(
          weights, dims: weightDims, layout: description.layout(dnnl_query_weights_md)),
        DNNL_ARG_DIFF_SRC: result,
      ], "differentiate '\(node.name)' by its input")
    contribute(result, to: node.inputs[0])
  }
}
