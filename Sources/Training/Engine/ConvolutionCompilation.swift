import COneDNN
import NeuralGraph

extension ProgramCompiler {
  /// Convolution with any stride, padding and groups. Without a backward pass a following ReLU is
  /// fused into the store.
  func compile(_ convolution: Convolution, _ node: Node) throws(TrainingError) {
    let source = try value(node.inputs[0])
    let kernel = try ConvolutionDescriptors(
      convolution, source: dims(shape(node.inputs[0])), output: dims(shape(node.name)))
    let weights = try parameter(node.weightName)
    let bias = convolution.bias ? try parameter(node.biasName) : nil
    let relu = mode.hasBackward ? nil : absorbRelu(after: node, unlimitedOnly: false)
    let attributes: PrimitiveAttributes? =
      if let relu { try PrimitiveAttributes(relu: relu.limit) } else { nil }

    let forward = try PrimitiveDescription(
      kernel.forward(training: mode.hasBackward), in: context, attributes: attributes,
      "convolve '\(node.name)'")
    let target = try resultMemory(forward.layout(dnnl_query_dst_md))
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
    values[relu?.name ?? node.name] = target

    onBackward { [self] () throws(TrainingError) in
      try buildBackward(kernel, node, source: source, weights: weights, bias: bias, hint: forward)
    }
  }

  private func buildBackward(
    _ kernel: ConvolutionDescriptors, _ node: Node, source: OneDNNMemory,
    weights: ParameterBuffer, bias: ParameterBuffer?, hint: PrimitiveDescription
  ) throws(TrainingError) {
    let layout = try hint.layout(dnnl_query_dst_md)
    guard let gradient = try gradient(of: node.name, layout: layout) else { return }

    let toWeights = try PrimitiveDescription(
      kernel.backwardWeights(), in: context, hint: hint, "differentiate '\(node.name)'")
    let (weightGradient, finish) = try weightGradient(
      weights, dims: kernel.weightDims, layout: toWeights.layout(dnnl_query_diff_weights_md))
    var arguments = [
      DNNL_ARG_SRC: try reordered(source, to: toWeights.layout(dnnl_query_src_md)),
      DNNL_ARG_DIFF_DST: try reordered(gradient, to: toWeights.layout(dnnl_query_diff_dst_md)),
      DNNL_ARG_DIFF_WEIGHTS: weightGradient,
    ]
    if let bias {
      arguments[DNNL_ARG_DIFF_BIAS] = try memory(
        .plain([bias.count]), sharing: bias.gradientBuffer)
    }
    try emit(toWeights, arguments, "differentiate '\(node.name)' by its weights")
    try finish()

    guard needsGradient(node.inputs[0]) else { return }
    let toData = try PrimitiveDescription(
      kernel.backwardData(), in: context, hint: hint, "differentiate '\(node.name)'")
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

/// One convolution's sizes in oneDNN's terms, every layout left to the implementation.
private struct ConvolutionDescriptors {
  let weightDims: [Int]
  private let source: MemoryDescriptor
  private let weight: MemoryDescriptor
  private let bias: MemoryDescriptor?
  private let output: MemoryDescriptor
  private let strides: [Int64]
  private let paddingBefore: [Int64]
  private let paddingAfter: [Int64]

  init(_ c: Convolution, source: [Int], output: [Int]) throws(TrainingError) {
    let shape = c.weightShape
    weightDims =
      c.groups == 1 ? shape : [c.groups, c.outChannels / c.groups, shape[1], shape[2], shape[3]]
    self.source = try MemoryDescriptor(source, dnnl_format_tag_any)
    weight = try MemoryDescriptor(weightDims, dnnl_format_tag_any)
    bias = c.bias ? try .plain([c.outChannels]) : nil
    self.output = try MemoryDescriptor(output, dnnl_format_tag_any)
    let window = c.window
    strides = [window.strideHeight, window.strideWidth].map(Int64.init)
    paddingBefore = [window.padding.top, window.padding.left].map(Int64.init)
    paddingAfter = [window.padding.bottom, window.padding.right].map(Int64.init)
  }

  func forward(training: Bool) throws(TrainingError) -> dnnl_convolution_desc_t {
    var operation = dnnl_convolution_desc_t()
    var (source, weight, output) = (source, weight, output)
    let kind = training ? dnnl_forward_training : dnnl_forward_inference
    let status = withOptionalPointer(to: bias) {
      dnnl_convolution_forward_desc_init(
        &operation, kind, dnnl_convolution_direct, &source, &weight, $0, &output, strides,
        paddingBefore, paddingAfter)
    }
    try check(status, "describe a convolution")
    return operation
  }

  func backwardData() throws(TrainingError) -> dnnl_convolution_desc_t {
    var operation = dnnl_convolution_desc_t()
    var (source, weight, output) = (source, weight, output)
    let status = dnnl_convolution_backward_data_desc_init(
      &operation, dnnl_convolution_direct, &source, &weight, &output, strides, paddingBefore,
      paddingAfter)
    try check(status, "describe a convolution's backward pass")
    return operation
  }

  func backwardWeights() throws(TrainingError) -> dnnl_convolution_desc_t {
    var operation = dnnl_convolution_desc_t()
    var (source, weight, output) = (source, weight, output)
    let status = withOptionalPointer(to: bias) {
      dnnl_convolution_backward_weights_desc_init(
        &operation, dnnl_convolution_direct, &source, &weight, $0, &output, strides,
        paddingBefore, paddingAfter)
    }
    try check(status, "describe a convolution's backward pass")
    return operation
  }
}

/// Passes a pointer, or nil for an absent value, to a C function.
func withOptionalPointer<Value, Result>(
  to value: Value?, _ body: (UnsafePointer<Value>?) -> Result
) -> Result {
  guard let value else { return body(nil) }
  return withUnsafePointer(to: value) { body($0) }
}
