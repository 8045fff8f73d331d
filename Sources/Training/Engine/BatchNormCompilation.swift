import COneDNN
import CTraining
import NeuralGraph

extension ProgramCompiler {
  /// Batch norm in two passes over its input; a following addition and rectification happen in the
  /// second one's store.
  func compileBatchNorm(_ node: Node, epsilon: Float) throws(TrainingError) {
    let source = try blocked(value(node.inputs[0]))
    let tail = absorbTail(of: node, withAddition: true)
    let target = try memory(source.descriptor)
    var residual: OneDNNMemory?
    if let name = tail.residual { residual = try reordered(value(name), to: source.descriptor) }
    let (mean, variance) = try statistics(node)
    let normalization = try normalization(
      node, epsilon: epsilon, layout: source.descriptor, tail: tail, mean: mean,
      variance: variance)
    // Before the pointers are taken: what is not needed any more may become scratch memory.
    let forward = normalization(try scratch(normalization.scratchCount))
    let (x, out) = (source.buffer.pointer, target.buffer.pointer)
    let added = residual?.buffer.pointer
    emit { () throws(TrainingError) in
      withUnsafePointer(to: forward) { crisp_normalize($0, x, added, out) }
    }
    if mode.usesBatchStatistics { try emitRunningStatistics(node, mean: mean, variance: variance) }
    values[tail.output] = target

    let scale = try parameter(node.weightName)
    let shift = try parameter(node.biasName)
    let hasResidual = residual != nil
    // Only a clamp behind an addition cannot be recomputed from the input.
    let kept = hasResidual && tail.clamps ? target : nil
    onBackward { [self] () throws(TrainingError) in
      let parts = try gradientParts(of: tail.output, layout: source.descriptor)
      guard let first = parts.first else { return }
      // A residual without a clamp, and with one contribution, takes the gradient as it is.
      let passesOn = hasResidual && !tail.clamps && parts.count == 1
      let masked = hasResidual && !passesOn ? try memory(source.descriptor) : nil
      let result = try memory(source.descriptor)
      let backward = normalization(try scratch(normalization.scratchCount))
      let (one, two) = (first.buffer.pointer, parts.count > 1 ? parts[1].buffer.pointer : nil)
      let (y, behind) = (kept?.buffer.pointer, masked?.buffer.pointer)
      let dx = result.buffer.pointer
      let dScale = try scale.gradientMemory().floats.baseAddress
      let dShift = try shift.gradientMemory().floats.baseAddress
      emit { () throws(TrainingError) in
        withUnsafePointer(to: backward) {
          crisp_normalize_backward($0, one, two, x, y, behind, dx, dScale, dShift)
        }
      }
      contribute(result, to: node.inputs[0])
      if let name = tail.residual { contribute(masked ?? first, to: name) }
    }
  }

  /// A description of the operation that still lacks its scratch memory.
  private func normalization(
    _ node: Node, epsilon: Float, layout: MemoryDescriptor, tail: Tail, mean: AlignedBuffer,
    variance: AlignedBuffer
  ) throws(TrainingError) -> NormalizationTemplate {
    var template = NormalizationTemplate(
      shape: try batchShape(layout), gamma: try parameter(node.weightName).valueBuffer,
      beta: try parameter(node.biasName).valueBuffer, mean: mean, variance: variance,
      epsilon: epsilon)
    template.normalization.batch_statistics = mode.usesBatchStatistics ? 1 : 0
    template.normalization.lower = tail.lower
    template.normalization.upper = tail.upper
    return template
  }

  /// Batch statistics get buffers of their own; running ones are read where the parameters live.
  private func statistics(_ node: Node) throws(TrainingError)
    -> (mean: AlignedBuffer, variance: AlignedBuffer)
  {
    let mean = try parameter(node.meanName)
    let variance = try parameter(node.varianceName)
    guard mode.usesBatchStatistics else { return (mean.valueBuffer, variance.valueBuffer) }
    return (try scratch(mean.count), try scratch(variance.count))
  }

  /// running ← (1 − m) running + m batch, the variance with Bessel's correction, as PyTorch does.
  private func emitRunningStatistics(
    _ node: Node, mean: AlignedBuffer, variance: AlignedBuffer
  ) throws(TrainingError) {
    let shape = try shape(node.name)
    let samples = Float(count * shape.height * shape.width)
    let correction = samples > 1 ? samples / (samples - 1) : 1
    let runningMean = try parameter(node.meanName)
    let runningVariance = try parameter(node.varianceName)
    let settings = settings
    let (means, variances) = (mean.floats, variance.floats)
    emit { () throws(TrainingError) in
      let momentum = settings.statisticsMomentum
      let keep = 1 - momentum
      for channel in 0..<shape.channels {
        let (m, v) = (means[channel], variances[channel])
        runningMean.values[channel] =
          runningMean.values[channel] * keep + m * momentum
        runningVariance.values[channel] =
          runningVariance.values[channel] * keep + v * correction * momentum
      }
    }
  }
}
