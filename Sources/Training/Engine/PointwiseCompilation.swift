import COneDNN
import NeuralGraph

extension ProgramCompiler {
  /// ReLU or ReLU6 that no neighbour has absorbed.
  func compileRelu(_ node: Node, limit: Float?) throws(TrainingError) {
    let source = try value(node.inputs[0])
    let (algorithm, alpha, beta) = reluAlgorithm(limit: limit)
    var operation = dnnl_eltwise_desc_t()
    var data = source.descriptor
    let kind = mode.hasBackward ? dnnl_forward_training : dnnl_forward_inference
    try check(
      dnnl_eltwise_forward_desc_init(&operation, kind, algorithm, &data, alpha, beta),
      "describe '\(node.name)'")
    let forward = try PrimitiveDescription(operation, in: context, "rectify '\(node.name)'")
    let target = try resultMemory(source.descriptor)
    try emit(forward, [DNNL_ARG_SRC: source, DNNL_ARG_DST: target], "rectify '\(node.name)'")
    values[node.name] = target

    onBackward { [self] () throws(TrainingError) in
      guard let gradient = try gradient(of: node.name, layout: target.descriptor) else { return }
      var operation = dnnl_eltwise_desc_t()
      var (data, difference) = (source.descriptor, target.descriptor)
      try check(
        dnnl_eltwise_backward_desc_init(
          &operation, algorithm, &difference, &data, alpha, beta),
        "describe the backward pass of '\(node.name)'")
      let backward = try PrimitiveDescription(
        operation, in: context, hint: forward, "differentiate '\(node.name)'")
      let result = try memory(backward.layout(dnnl_query_diff_src_md))
      try emit(
        backward,
        [DNNL_ARG_SRC: source, DNNL_ARG_DIFF_DST: gradient, DNNL_ARG_DIFF_SRC: result],
        "differentiate '\(node.name)'")
      contribute(result, to: node.inputs[0])
    }
  }

  /// Sum of two values; both take its gradient as it is.
  func compileAdd(_ node: Node) throws(TrainingError) {
    let first = try value(node.inputs[0])
    let second = try reordered(value(node.inputs[1]), to: first.descriptor)
    values[node.name] = try added(first, second)
    onBackward { [self] () throws(TrainingError) in
      guard let gradient = try gradient(of: node.name, layout: first.descriptor) else { return }
      contribute(gradient, to: node.inputs[0])
      contribute(gradient, to: node.inputs[1])
    }
  }

  /// Maximum or mean over a window.
  func compilePooling(_ node: Node, _ window: Window, _ algorithm: dnnl_alg_kind_t)
    throws(TrainingError)
  {
    let source = try value(node.inputs[0])
    var data = source.descriptor
    var output = try MemoryDescriptor(dims(shape(node.name)), dnnl_format_tag_any)
    let strides = [window.strideHeight, window.strideWidth].map(Int64.init)
    let kernel = [window.kernelHeight, window.kernelWidth].map(Int64.init)
    let before = [window.padding.top, window.padding.left].map(Int64.init)
    let after = [window.padding.bottom, window.padding.right].map(Int64.init)
    let kind = mode.hasBackward ? dnnl_forward_training : dnnl_forward_inference
    var operation = dnnl_pooling_desc_t()
    try check(
      dnnl_pooling_forward_desc_init(
        &operation, kind, algorithm, &data, &output, strides, kernel, before, after),
      "describe '\(node.name)'")
    let forward = try PrimitiveDescription(operation, in: context, "pool '\(node.name)'")
    let target = try resultMemory(forward.layout(dnnl_query_dst_md))
    var arguments = [DNNL_ARG_SRC: source, DNNL_ARG_DST: target]
    // The positions of the maxima, which the backward pass needs.
    var workspace: OneDNNMemory?
    if mode.hasBackward, algorithm == dnnl_pooling_max {
      workspace = try memory(forward.layout(dnnl_query_workspace_md))
      arguments[DNNL_ARG_WORKSPACE] = workspace
    }
    try emit(forward, arguments, "pool '\(node.name)'")
    values[node.name] = target

    onBackward { [self] () throws(TrainingError) in
      guard let gradient = try gradient(of: node.name, layout: target.descriptor) else { return }
      var operation = dnnl_pooling_desc_t()
      var (sourceLayout, outputLayout) = (source.descriptor, target.descriptor)
      try check(
        dnnl_pooling_backward_desc_init(
          &operation, algorithm, &sourceLayout, &outputLayout, strides, kernel, before, after),
        "describe the backward pass of '\(node.name)'")
      let backward = try PrimitiveDescription(
        operation, in: context, hint: forward, "differentiate '\(node.name)'")
      let result = try memory(backward.layout(dnnl_query_diff_src_md))
      var arguments = [DNNL_ARG_DIFF_DST: gradient, DNNL_ARG_DIFF_SRC: result]
      if let workspace { arguments[DNNL_ARG_WORKSPACE] = workspace }
      try emit(backward, arguments, "differentiate '\(node.name)'")
      contribute(result, to: node.inputs[0])
    }
  }
}
