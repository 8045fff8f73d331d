import COneDNN
import NeuralGraph

extension ProgramCompiler {
  /// Batch norm; a following plain ReLU is fused, forward and backward.
  func compileBatchNorm(_ node: Node, epsilon: Float) throws(TrainingError) {
    let source = try value(node.inputs[0])
    let channels = try shape(node.name).channels
    let scale = try parameter(node.weightName)
    let shift = try parameter(node.biasName)
    let relu = absorbRelu(after: node, unlimitedOnly: true)
    let outputName = relu?.name ?? node.name

    var flags = dnnl_use_scaleshift.rawValue
    if !mode.usesBatchStatistics { flags |= dnnl_use_global_stats.rawValue }
    if relu != nil { flags |= dnnl_fuse_norm_relu.rawValue }
    var operation = dnnl_batch_normalization_desc_t()
    var data = source.descriptor
    // Batch statistics exist only in the training form; so does the fused ReLU's workspace.
    let kind =
      mode == .inference ? dnnl_forward_inference : dnnl_forward_training
    try check(
      dnnl_batch_normalization_forward_desc_init(&operation, kind, &data, epsilon, flags),
      "describe '\(node.name)'")
    let forward = try PrimitiveDescription(operation, in: context, "normalise '\(node.name)'")

    let scaleShift = try memory(.plain([2, channels]))
    emitOnChange(of: [scale, shift]) { () throws(TrainingError) in
      _ = scaleShift.buffer.floats.update(fromContentsOf: scale.values)
      for channel in 0..<channels {
        scaleShift.buffer.floats[channels + channel] = shift.values[channel]
      }
    }
    let target = try resultMemory(forward.layout(dnnl_query_dst_md))
    var arguments = [
      DNNL_ARG_SRC: source, DNNL_ARG_SCALE_SHIFT: scaleShift, DNNL_ARG_DST: target,
    ]
    let (mean, variance) = try statistics(node, channels: channels)
    arguments[DNNL_ARG_MEAN] = mean
    arguments[DNNL_ARG_VARIANCE] = variance
    var workspace: OneDNNMemory?
    if relu != nil, kind == dnnl_forward_training {
      workspace = try memory(forward.layout(dnnl_query_workspace_md))
      arguments[DNNL_ARG_WORKSPACE] = workspace
    }
    try emit(forward, arguments, "normalise '\(node.name)'")
    if mode.usesBatchStatistics { try emitRunningStatistics(node, mean: mean, variance: variance) }
    values[outputName] = target

    onBackward { [self] () throws(TrainingError) in
      guard let gradient = try gradient(of: outputName, layout: target.descriptor) else { return }
      var operation = dnnl_batch_normalization_desc_t()
      var (data, difference) = (source.descriptor, target.descriptor)
      try check(
        dnnl_batch_normalization_backward_desc_init(
          &operation, dnnl_backward, &difference, &data, epsilon, flags),
        "describe the backward pass of '\(node.name)'")
      let backward = try PrimitiveDescription(
        operation, in: context, hint: forward, "differentiate '\(node.name)'")
      let result = try memory(backward.layout(dnnl_query_diff_src_md))
      let scaleShiftGradient = try memory(.plain([2, channels]))
      var arguments = [
        DNNL_ARG_SRC: source, DNNL_ARG_MEAN: mean, DNNL_ARG_VARIANCE: variance,
        DNNL_ARG_SCALE_SHIFT: scaleShift, DNNL_ARG_DIFF_DST: gradient,
        DNNL_ARG_DIFF_SRC: result, DNNL_ARG_DIFF_SCALE_SHIFT: scaleShiftGradient,
      ]
      if let workspace { arguments[DNNL_ARG_WORKSPACE] = workspace }
      try emit(backward, arguments, "differentiate '\(node.name)'")
      emit { () throws(TrainingError) in
        let both = scaleShiftGradient.buffer.floats
        for channel in 0..<channels {
          scale.gradient[channel] = both[channel]
          shift.gradient[channel] = both[channels + channel]
        }
      }
      contribute(result, to: node.inputs[0])
    }
  }

  /// Batch statistics get buffers of their own; running ones are read where the parameters live.
  private func statistics(_ node: Node, channels: Int) throws(TrainingError)
    -> (mean: OneDNNMemory, variance: OneDNNMemory)
  {
    if mode.usesBatchStatistics {
      return (try memory(.plain([channels])), try memory(.plain([channels])))
    }
    return (
      try memory(.plain([channels]), sharing: parameter(node.meanName).valueBuffer),
      try memory(.plain([channels]), sharing: parameter(node.varianceName).valueBuffer)
    )
  }

  /// running ← (1 − m) running + m batch, the variance with Bessel's correction, as PyTorch does.
  private func emitRunningStatistics(
    _ node: Node, mean: OneDNNMemory, variance: OneDNNMemory
  ) throws(TrainingError) {
    let shape = try shape(node.name)
    let samples = Float(count * shape.height * shape.width)
    let correction = samples > 1 ? samples / (samples - 1) : 1
    let runningMean = try parameter(node.meanName)
    let runningVariance = try parameter(node.varianceName)
    let settings = settings
    emit { () throws(TrainingError) in
      let momentum = settings.statisticsMomentum
      let keep = 1 - momentum
      for channel in 0..<shape.channels {
        let (m, v) = (mean.buffer.floats[channel], variance.buffer.floats[channel])
        runningMean.values[channel] =
          runningMean.values[channel] * keep + m * momentum
        runningVariance.values[channel] =
          runningVariance.values[channel] * keep + v * correction * momentum
      }
    }
  }
}
