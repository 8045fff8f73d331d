import CKernels
import ModelFormats
import NeuralGraph

/// Steps with weights.
extension Planner {
  mutating func planConvolution(_ fused: FusedNode, _ input: Place) throws(RuntimeError) {
    guard case .convolution(let convolution) = fused.node.operation,
      let geometry = geometries[fused.node.name]
    else { return }
    let name = fused.node.name
    let shape = try shape(fused.node)
    let residual = try fused.residual.map { name throws(RuntimeError) in try place(of: name) }
    let mayTransform =
      WinogradStep.handles(convolution) && layers[name].map(WinogradStep.pays) ?? true
    // Sums that go through memory between visits would overwrite what is still to be added.
    let output = try place(
      fused, shape: shape,
      canOverwrite: layers[name] != nil && !mayTransform && geometry.writesInPlace)
    if mayTransform,
      let layer = WinogradStep.layer(convolution, input: input, output: output)
    {
      return try appendWinograd(fused, layer, input, output)
    }
    let grid =
      geometry.writesInPlace
      ? output.grid
      : Grid(
        height: geometry.gridHeight, width: geometry.gridWidth, rowGap: geometry.rowGap,
        columnGap: geometry.columnGap, cell: cell)
    var source = input
    if isDepthwise(fused.node), DepthwiseStep.readsImage(geometry, cell: cell) {
      try appendDepthwise(fused, geometry, [], input, output, residual: residual)
      return
    }
    if !geometry.readsInPlace {
      let (channels, overflow) = input.channels.multipliedReportingOverflow(
        by: geometry.phases.count)
      guard !overflow else { throw .tooLarge(layer: name) }
      source = try scratch(grid, channels: channels, for: name)
      append(
        PhaseStep(input: input, output: source, geometry: geometry, kernels: kernels), for: name)
    }
    var target = output
    if !geometry.writesInPlace {
      target = try scratch(grid, channels: shape.channels, keepsGaps: false, for: name)
    }
    // Of one division; every division has input channels of its own.
    let channels = input.channels / convolution.groups
    func offset(_ column: Int) -> Int {
      let tap = geometry.taps[column / channels]
      let channel = tap.phase * input.channels + column % channels
      return channel * source.stride + tap.dy * grid.pitch + tap.dx * grid.cell
    }
    if isDepthwise(fused.node), DepthwiseStep.handles(geometry, cell: cell) {
      try appendDepthwise(
        fused, geometry, (0..<geometry.taps.count).map(offset), source, target,
        residual: residual)
    } else {
      let matrix = try matrix(fused.node, divisions: convolution.groups)
      // Of several taps most lie beside an alignment.
      let isAligned = geometry.taps.count == 1 || cell % kernels.pointee.lanes == 0
      try append(
        fused, matrix, source, target, residual: residual, shape: shape,
        keepsGaps: geometry.writesInPlace, isAligned: isAligned,
        divisionStride: channels * source.stride, offset: offset)
    }
    if source.slot != input.slot { arena.release(source.slot) }
    if target.slot != output.slot {
      append(CropStep(input: target, output: output, kernels: kernels), for: name)
      arena.release(target.slot)
    }
  }

  func isDepthwise(_ node: Node) -> Bool {
    guard case .convolution(let convolution) = node.operation else { return false }
    return convolution.groups == convolution.inChannels
      && convolution.groups == convolution.outChannels
  }

  mutating func planLinear(_ fused: FusedNode, _ input: Place) throws(RuntimeError) {
    let name = fused.node.name
    let shape = try shape(fused.node)
    var source = input
    if input.grid.height * input.grid.width > 1 {
      let features = input.channels * input.grid.height * input.grid.width
      source = try scratch(grid(1, 1), channels: features, for: name)
      append(FlattenStep(input: input, output: source), for: name)
    }
    let residual = try fused.residual.map { name throws(RuntimeError) in try place(of: name) }
    let output = try place(name, shape: shape)
    try append(
      fused, try matrix(fused.node, divisions: 1), source, output, residual: residual, shape: shape,
      dots: bundles * cell == 1
    ) { $0 * source.stride }
    if source.slot != input.slot { arena.release(source.slot) }
  }

  /// One factor and one constant (nil stands for zeros) for each channel: batch norm, or, with
  /// ones, a copy on which an addition or rectification rides.
  mutating func planElementwise(
    _ fused: FusedNode, _ input: Place, scale: [Float], shift: [Float]?
  ) throws(RuntimeError) {
    let shape = try shape(fused.node)
    let residual = try fused.residual.map { name throws(RuntimeError) in try place(of: name) }
    let output = try place(fused.node.name, shape: shape)
    let matrix = try LayerMatrix(
      scale, outputs: scale.count, columns: 1, divisions: scale.count, bias: shift,
      isWeight: false)
    try append(
      fused, matrix, input, output, residual: residual, shape: shape, divisionStride: input.stride
    ) { _ in 0 }
  }

  private mutating func append(
    _ fused: FusedNode, _ matrix: LayerMatrix, _ input: Place, _ output: Place, residual: Place?,
    shape: ActivationShape, keepsGaps: Bool = true, isAligned: Bool = true,
    divisionStride: Int = 0, dots: Bool = false, offset: (Int) -> Int
  ) throws(RuntimeError) {
    let runs = output.grid.runs(
      bundles: bundles, rows: shape.height, columns: shape.width, lanes: kernels.pointee.lanes)
    let lanes = kernels.pointee.lanes
    let layerShape = LayerShape(
      matrix, inputChannels: input.channels, runs: runs, isAligned: isAligned)
    var matrix = matrix
    var plan: crisp_plan
    if dots, matrix.layer != nil {
      plan = costs.plan(layerShape, lanes: lanes).plan
      plan.dots = 1
    } else {
      let choice = costs.choice(layerShape, lanes: lanes)
      plan = choice.plan
      if choice.writesZeros, let layer = matrix.layer {
        matrix = try LayerMatrix(dense: matrix, layer)
      }
    }
    if residual?.slot == output.slot {
      plan.depth = max(plan.depth, matrix.layer?.keptTiles ?? matrix.columns)
    }
    let step = try MultiplyStep(
      matrix, columns: ColumnOffsets(matrix, offset), divisionStride: divisionStride, plan: plan,
      node: fused, input: input, output: output,
      residual: residual, resultHeight: shape.height, resultWidth: shape.width,
      mask: keepsGaps ? mask(output.grid) : nil, kernels: kernels)
    append(step, for: fused.node.name)
    stepBytes += step.memoryBytes
    scratch.include(step.scratchSizes)
    if matrix.denseWeights > 0 {
      reports.append(
        LayerReport(
          name: fused.node.name, outputShape: shape, keptWeights: matrix.keptWeights,
          denseWeights: matrix.denseWeights, kernel: step.kernelName))
    }
  }

  private mutating func appendDepthwise(
    _ fused: FusedNode, _ geometry: ConvolutionGeometry, _ offsets: [Int], _ input: Place,
    _ output: Place, residual: Place?
  ) throws(RuntimeError) {
    let name = fused.node.name
    let weights = try tensor(fused.node.weightName)
    let step = try DepthwiseStep(
      geometry, offsets: offsets.map { Int32(truncatingIfNeeded: $0) }, weights: weights,
      bias: self.weights[fused.node.biasName]?.values, node: fused, input: input, output: output,
      residual: residual, mask: mask(output.grid), kernels: kernels)
    append(step, for: name)
    stepBytes += step.memoryBytes
    reports.append(
      LayerReport(
        name: name, outputShape: try shape(fused.node), keptWeights: weights.count,
        denseWeights: weights.count, kernel: step.kernelName))
  }

  private mutating func appendWinograd(
    _ fused: FusedNode, _ layer: crisp_winograd_layer, _ input: Place, _ output: Place
  ) throws(RuntimeError) {
    let name = fused.node.name
    let packed = layers[name]
    let weights: [Float]
    if let packed {
      weights = packed.matrix.toOIHW(packed.unpacked()) ?? []
    } else {
      weights = try tensor(fused.node.weightName)
    }
    guard weights.count == WeightMatrix(fused.node.operation)?.count else {
      throw .graph(.missingWeight(fused.node.weightName))
    }
    let step = try WinogradStep(
      layer, weights: weights, bias: self.weights[fused.node.biasName]?.values, node: fused,
      input: input, output: output,
      residual: try fused.residual.map { name throws(RuntimeError) in try place(of: name) },
      kernels: kernels)
    append(step, for: name)
    stepBytes += step.memoryBytes
    scratch.include(step.scratchSizes)
    reports.append(
      LayerReport(
        name: name, outputShape: try shape(fused.node),
        keptWeights: packed?.keptWeights ?? weights.count, denseWeights: weights.count,
        kernel: step.kernelName))
  }

  private func matrix(_ node: Node, divisions: Int) throws(RuntimeError) -> LayerMatrix {
    let bias = weights[node.biasName]?.values
    if let layer = layers[node.name] { return try LayerMatrix(layer, bias: bias) }
    guard let matrix = WeightMatrix(node.operation),
      let values = matrix.fromOIHW(try tensor(node.weightName))
    else { throw .graph(.missingWeight(node.weightName)) }
    return try LayerMatrix(
      values, outputs: matrix.rows, columns: matrix.columns, divisions: divisions, bias: bias)
  }
}
