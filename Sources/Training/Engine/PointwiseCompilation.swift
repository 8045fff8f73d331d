import COneDNN
import CTraining
import NeuralGraph

extension ProgramCompiler {
  /// ReLU or ReLU6 that no neighbour has absorbed.
  func compileClamp(_ node: Node, limit: Float?) throws(TrainingError) {
    let source = try value(node.inputs[0])
    let upper = limit ?? .infinity
    let target = try added(source, nil, lower: 0, upper: upper)
    values[node.name] = target
    onBackward { [self] () throws(TrainingError) in
      guard let gradient = try gradient(of: node.name, layout: target.descriptor) else { return }
      contribute(
        try behindClamp(gradient, of: target, lower: 0, upper: upper), to: node.inputs[0])
    }
  }

  /// The gradient behind a clamp whose result is `output`.
  func behindClamp(
    _ gradient: OneDNNMemory, of output: OneDNNMemory, lower: Float, upper: Float
  ) throws(TrainingError) -> OneDNNMemory {
    let result = try memory(output.descriptor)
    let (g, out, masked) = (gradient.buffer.pointer, output.buffer.pointer, result.buffer.pointer)
    let (count, type) = (output.descriptor.valueCount, output.descriptor.passType)
    let threads = passThreads
    emit { () throws(TrainingError) in
      crisp_clamp_backward(g, out, lower, upper, masked, count, type, threads)
    }
    return result
  }

  /// Sum of two values, rectified where that follows; both take its gradient as it is.
  func compileAdd(_ node: Node) throws(TrainingError) {
    let first = try value(node.inputs[0])
    let second = try reordered(value(node.inputs[1]), to: first.descriptor)
    let tail = absorbTail(of: node, withAddition: false)
    let target = try added(first, second, lower: tail.lower, upper: tail.upper)
    values[tail.output] = target
    let layout = target.descriptor
    let kept = tail.clamps ? target : nil
    onBackward { [self] () throws(TrainingError) in
      guard var gradient = try gradient(of: tail.output, layout: layout) else { return }
      if let kept {
        gradient = try behindClamp(gradient, of: kept, lower: tail.lower, upper: tail.upper)
      }
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
    var output = try MemoryDescriptor(
      dims(shape(node.name)), dnnl_format_tag_any, source.descriptor.data_type)
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
    let target = try memory(forward.layout(dnnl_query_dst_md))
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
