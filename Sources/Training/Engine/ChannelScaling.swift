import COneDNN
import NeuralGraph

/// y = scale · x + shift, one pair per channel, as batch norm with fixed statistics: oneDNN has it
/// for every layout, and its backward pass sums dL/dy · x over each channel.
struct ChannelScaling {
  /// The tensor's layout.
  let layout: MemoryDescriptor
  /// All scales, then all shifts: [2, channels].
  let coefficients: OneDNNMemory
  fileprivate let forward: PrimitiveDescription
  fileprivate let mean, variance: OneDNNMemory
  /// Variance and epsilon, which add up to exactly 1. Neither alone would do: the padded channels of
  /// blocked layouts have a variance of zero, and zero divided by the root of zero is no number.
  fileprivate static let half: Float = 0.5
  fileprivate static let flags = dnnl_use_scaleshift.rawValue | dnnl_use_global_stats.rawValue
}

extension ProgramCompiler {
  /// Prepares a scaling; the caller fills its coefficients.
  func channelScaling(_ layout: MemoryDescriptor, _ node: Node) throws(TrainingError)
    -> ChannelScaling
  {
    let channels = layout.dimensions[1]
    var operation = dnnl_batch_normalization_desc_t()
    var data = layout
    let kind = mode.hasBackward ? dnnl_forward_training : dnnl_forward_inference
    try check(
      dnnl_batch_normalization_forward_desc_init(
        &operation, kind, &data, ChannelScaling.half, ChannelScaling.flags),
      "describe '\(node.name)'")
    let forward = try PrimitiveDescription(operation, in: context, "scale '\(node.name)'")
    let vector = try MemoryDescriptor.plain([channels])
    return ChannelScaling(
      layout: layout, coefficients: try memory(.plain([2, channels])), forward: forward,
      mean: try memory(vector, sharing: constant(0, count: channels)),
      variance: try memory(vector, sharing: constant(ChannelScaling.half, count: channels)))
  }

  /// Scales `source` into `target`; both have the scaling's layout.
  func emit(
    _ scaling: ChannelScaling, _ source: OneDNNMemory, into target: OneDNNMemory, _ node: Node
  ) throws(TrainingError) {
    try emit(
      scaling.forward,
      [
        DNNL_ARG_SRC: source, DNNL_ARG_DST: target, DNNL_ARG_MEAN: scaling.mean,
        DNNL_ARG_VARIANCE: scaling.variance, DNNL_ARG_SCALE_SHIFT: scaling.coefficients,
      ], "scale '\(node.name)'")
  }

  /// dL/d(source) and dL/d(coefficients) from dL/d(target).
  func emitBackward(
    _ scaling: ChannelScaling, source: OneDNNMemory, gradient: OneDNNMemory, _ node: Node
  ) throws(TrainingError) -> (source: OneDNNMemory, coefficients: OneDNNMemory) {
    var operation = dnnl_batch_normalization_desc_t()
    var (data, difference) = (scaling.layout, scaling.layout)
    try check(
      dnnl_batch_normalization_backward_desc_init(
        &operation, dnnl_backward, &difference, &data, ChannelScaling.half, ChannelScaling.flags),
      "describe the backward pass of '\(node.name)'")
    let backward = try PrimitiveDescription(
      operation, in: context, hint: scaling.forward, "differentiate '\(node.name)'")
    let result = try memory(scaling.layout)
    let coefficients = try memory(scaling.coefficients.descriptor)
    try emit(
      backward,
      [
        DNNL_ARG_SRC: source, DNNL_ARG_MEAN: scaling.mean, DNNL_ARG_VARIANCE: scaling.variance,
        DNNL_ARG_SCALE_SHIFT: scaling.coefficients, DNNL_ARG_DIFF_DST: gradient,
        DNNL_ARG_DIFF_SRC: result, DNNL_ARG_DIFF_SCALE_SHIFT: coefficients,
      ], "differentiate '\(node.name)'")
    return (result, coefficients)
  }

  /// A constant factor and summand per channel; neither has a gradient.
  func compileScaleShift(_ node: Node) throws(TrainingError) {
    let source = try value(node.inputs[0])
    let scale = try parameter(node.weightName)
    let shift = try parameter(node.biasName)
    let scaling = try channelScaling(source.descriptor, node)
    let both = scaling.coefficients.buffer.floats
    emit { () throws(TrainingError) in
      _ = both.update(fromContentsOf: scale.values)
      _ = UnsafeMutableBufferPointer(rebasing: both[scale.count...])
        .update(fromContentsOf: shift.values)
    }
    let target = try memory(source.descriptor)
    try emit(scaling, source, into: target, node)
    values[node.name] = target
    onBackward { [self] () throws(TrainingError) in
      guard needsGradient(node.inputs[0]),
        let gradient = try gradient(of: node.name, layout: target.descriptor)
      else { return }
      contribute(
        try emitBackward(scaling, source: source, gradient: gradient, node).source,
        to: node.inputs[0])
    }
  }
}
