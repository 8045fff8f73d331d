import CTraining
import NeuralGraph

/// y = scale · x + shift, one pair per channel: batch norm with mean 0 and variance 1, whose backward
/// pass sums dL/dy · x over each channel.
struct ChannelScaling {
  fileprivate let template: NormalizationTemplate
}

extension ProgramCompiler {
  /// Prepares a scaling over `shape` with as many scales and shifts as it has channels.
  func channelScaling(_ shape: crisp_batch_shape, scale: AlignedBuffer, shift: AlignedBuffer)
    throws(TrainingError) -> ChannelScaling
  {
    ChannelScaling(
      template: NormalizationTemplate(
        shape: shape, gamma: scale, beta: shift,
        mean: try constant(0, count: shape.channels),
        variance: try constant(1, count: shape.channels), epsilon: 0))
  }

  /// Scales `source` into `target`, both in the layout of the scaling's shape.
  func emit(_ scaling: ChannelScaling, _ source: OneDNNMemory, into target: OneDNNMemory)
    throws(TrainingError)
  {
    let forward = scaling.template(try scratch(scaling.template.scratchCount))
    let (x, out) = (source.buffer.pointer, target.buffer.pointer)
    emit { () throws(TrainingError) in
      withUnsafePointer(to: forward) { crisp_normalize($0, x, nil, out) }
    }
  }

  /// dL/d(source) and dL/d(scale) from dL/d(target).
  func emitBackward(_ scaling: ChannelScaling, source: OneDNNMemory, gradient: OneDNNMemory)
    throws(TrainingError) -> (source: OneDNNMemory, scale: AlignedBuffer)
  {
    let channels = scaling.template.normalization.shape.channels
    let result = try memory(source.descriptor)
    let (dScale, dShift) = (try scratch(channels), try scratch(channels))
    let backward = scaling.template(try scratch(scaling.template.scratchCount))
    let (g, x, dx) = (gradient.buffer.pointer, source.buffer.pointer, result.buffer.pointer)
    let (scaleOut, shiftOut) = (dScale.floats.baseAddress, dShift.floats.baseAddress)
    emit { () throws(TrainingError) in
      withUnsafePointer(to: backward) {
        crisp_normalize_backward($0, g, nil, x, nil, nil, dx, scaleOut, shiftOut)
      }
    }
    return (result, dScale)
  }

  /// A constant factor and summand per channel; neither has a gradient.
  func compileScaleShift(_ node: Node) throws(TrainingError) {
    let source = try blocked(value(node.inputs[0]))
    let scaling = try channelScaling(
      batchShape(source.descriptor), scale: parameter(node.weightName).valueBuffer,
      shift: parameter(node.biasName).valueBuffer)
    let target = try memory(source.descriptor)
    try emit(scaling, source, into: target)
    values[node.name] = target
    onBackward { [self] () throws(TrainingError) in
      guard needsGradient(node.inputs[0]),
        let gradient = try gradient(of: node.name, layout: source.descriptor)
      else { return }
      contribute(
        try emitBackward(scaling, source: source, gradient: gradient).source, to: node.inputs[0])
    }
  }
}
