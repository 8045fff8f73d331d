import COneDNN
import NeuralGraph

extension ProgramCompiler {
  /// A fully connected layer over the flattened activation; the result is a map of one pixel, which
  /// any operation can read.
  ///
  /// All tensors are plain matrices. oneDNN has blocked weights that multiply a little faster, but
  /// where these layers matter (VGG's 100 million weights) each such copy takes as much memory as
  /// the weights, and making it takes longer than multiplying a batch.
  func compileLinear(_ node: Node) throws(TrainingError) {
    guard case .linear(_, let outFeatures, let hasBias) = node.operation else { return }
    let source = try value(node.inputs[0])
    let layer = LinearLayer(
      node: node, weights: try parameter(node.weightName),
      bias: hasBias ? try parameter(node.biasName) : nil,
      input: try flattened(source, type: valueType),
      // The loss is taken of unrounded scores.
      output: try MemoryDescriptor(
        [count, outFeatures], dnnl_ab, node.name == graph.output ? dnnl_f32 : valueType),
      gradient: try MemoryDescriptor([count, outFeatures], dnnl_ab, valueType),
      products: try MemoryDescriptor(
        [outFeatures, source.descriptor.dimensions.dropFirst().reduce(1, *)], dnnl_ab, valueType))

    var operation = dnnl_inner_product_desc_t()
    var (input, products, output) = (layer.input.descriptor, layer.products, layer.output)
    let kind = mode.hasBackward ? dnnl_forward_training : dnnl_forward_inference
    let status = withOptionalPointer(to: try layer.biasLayout) {
      dnnl_inner_product_forward_desc_init(&operation, kind, &input, &products, $0, &output)
    }
    try check(status, "describe '\(node.name)'")
    let forward = try PrimitiveDescription(operation, in: context, "multiply '\(node.name)'")
    let target = try memory(output)
    var arguments = [
      DNNL_ARG_SRC: layer.input, DNNL_ARG_DST: target,
      DNNL_ARG_WEIGHTS: try weight(
        layer.weights, dims: products.dimensions, layout: layer.products),
    ]
    if let bias = layer.bias {
      arguments[DNNL_ARG_BIAS] = try memory(.plain([bias.count]), sharing: bias.valueBuffer)
    }
    try emit(forward, arguments, "multiply '\(node.name)'")
    let map = try MemoryDescriptor([count, outFeatures, 1, 1], dnnl_abcd, output.data_type)
    values[node.name] = try memory(map, sharing: target.buffer)

    let sourceLayout = source.descriptor
    onBackward { [self] () throws(TrainingError) in
      let mapLayout = try MemoryDescriptor(map.dimensions, dnnl_abcd, valueType)
      guard let gradient = try gradient(of: node.name, layout: mapLayout) else { return }
      let flat = try memory(layer.gradient, sharing: gradient.buffer)
      try buildWeightGradient(layer, gradient: flat, hint: forward)
      try buildDataGradient(layer, gradient: flat, source: sourceLayout, hint: forward)
    }
  }

  /// A value as the rows of a matrix, one row an image, channel after channel.
  private func flattened(_ source: OneDNNMemory, type: dnnl_data_type_t) throws(TrainingError)
    -> OneDNNMemory
  {
    let dims = source.descriptor.dimensions
    let plain = try reordered(source, to: MemoryDescriptor(dims, dnnl_abcd, type))
    let rows = try MemoryDescriptor([dims[0], dims.dropFirst().reduce(1, *)], dnnl_ab, type)
    return try memory(rows, sharing: plain.buffer)
  }

  private func buildWeightGradient(
    _ layer: LinearLayer, gradient: OneDNNMemory, hint: PrimitiveDescription
  ) throws(TrainingError) {
    let node = layer.node
    // Always 32-bit floats: they are summed up over steps.
    let dims = layer.products.dimensions
    var (input, output) = (layer.input.descriptor, gradient.descriptor)
    var weightGradient = try MemoryDescriptor.plain(dims)
    var operation = dnnl_inner_product_desc_t()
    let status = withOptionalPointer(to: try layer.biasLayout) {
      dnnl_inner_product_backward_weights_desc_init(
        &operation, &input, &weightGradient, $0, &output)
    }
    try check(status, "describe the backward pass of '\(node.name)'")
    let description = try PrimitiveDescription(
      operation, in: context, hint: hint, "differentiate '\(node.name)'")
    var arguments = [
      DNNL_ARG_SRC: layer.input, DNNL_ARG_DIFF_DST: gradient,
      DNNL_ARG_DIFF_WEIGHTS: try memory(
        weightGradient, sharing: layer.weights.gradientMemory()),
    ]
    if let bias = layer.bias {
      arguments[DNNL_ARG_DIFF_BIAS] = try memory(
        .plain([bias.count]), sharing: bias.gradientMemory())
    }
    try emit(description, arguments, "differentiate '\(node.name)' by its weights")
  }

  private func buildDataGradient(
    _ layer: LinearLayer, gradient: OneDNNMemory, source: MemoryDescriptor,
    hint: PrimitiveDescription
  ) throws(TrainingError) {
    let node = layer.node
    guard needsGradient(node.inputs[0]) else { return }
    var (input, products, output) = (
      layer.input.descriptor, layer.products, gradient.descriptor
    )
    var operation = dnnl_inner_product_desc_t()
    try check(
      dnnl_inner_product_backward_data_desc_init(&operation, &input, &products, &output),
      "describe the backward pass of '\(node.name)'")
    let description = try PrimitiveDescription(
      operation, in: context, hint: hint, "differentiate '\(node.name)'")
    let result = try memory(input)
    try emit(
      description,
      [
        DNNL_ARG_DIFF_DST: gradient, DNNL_ARG_DIFF_SRC: result,
        DNNL_ARG_WEIGHTS: weight(
          layer.weights, dims: products.dimensions, layout: products),
      ], "differentiate '\(node.name)' by its input")
    let map = try MemoryDescriptor(source.dimensions, dnnl_abcd, valueType)
    contribute(try memory(map, sharing: result.buffer), to: node.inputs[0])
  }
}

/// One layer's tensors, all plain matrices.
private struct LinearLayer {
  let node: Node
  let weights: ParameterBuffer
  let bias: ParameterBuffer?
  /// [images, features].
  let input: OneDNNMemory
  /// [images, outputs], as stored forward and as its gradient is stored backward.
  let output, gradient: MemoryDescriptor
  /// The weight as products use it, [outputs, features].
  let products: MemoryDescriptor

  var biasLayout: MemoryDescriptor? {
    get throws(TrainingError) { if let bias { try .plain([bias.count]) } else { nil } }
  }
}
