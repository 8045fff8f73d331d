import CKernels
import ModelFormats
import NeuralGraph

/// Turns a graph and its weights into steps over an arena.
struct Planner {
  /// Floats of one activation of sixteen images up to which they are interleaved: 8 MB. Measured:
  /// about 1.5 times as fast as one by one at 3 MB (256x14x14), level at 6 MB (128x28x28).
  private static let interleavedLimit = 1 << 21
  /// Floats that one activation of a pass of separate images may take: 1 MB, half of a usual
  /// second-level cache.
  private static let passTarget = 1 << 18

  private let graph: Graph
  private let shapes: [String: ActivationShape]
  private let layers: [String: PackedLayer]
  private let weights: Weights
  private let threads: Int
  let bundles, cell: Int
  let kernels: UnsafePointer<crisp_kernels>

  private var geometries: [String: ConvolutionGeometry] = [:]
  private var gaps: [Side: Gap] = [:]
  private var masks: [Grid: KernelMemory<Int32>] = [:]
  private var lastUse: [String: Int] = [:]

  private(set) var places: [String: Place] = [:]
  private(set) var steps: [any Step] = []
  private(set) var reports: [LayerReport] = []
  private(set) var output = ""
  let arena: Arena

  /// Height and width of an activation.
  private struct Side: Hashable {
    let height, width: Int
  }

  private struct Gap {
    var row = 0
    var column = 0
  }

  /// Most images that go through the network together.
  var imagesPerPass: Int { bundles * cell }

  /// Plans a network whose matrices are in `layers` (by node) or, dense, in `weights`.
  init(
    graph: Graph, layers: [String: PackedLayer], weights: Weights, batchCapacity: Int,
    threads: Int, kernels: UnsafePointer<crisp_kernels>
  ) throws(RuntimeError) {
    do {
      shapes = try graph.shapes()
    } catch {
      throw .graph(error)
    }
    self.graph = graph
    self.layers = layers
    self.weights = weights
    self.threads = threads
    self.kernels = kernels
    // A batch goes through the network in passes, so that activations stay near from one layer to
    // the next. Where sixteen images are small enough they lie side by side, which fills the widest
    // vector and needs neither masks nor unaligned loads.
    let largest = shapes.values.map(\.count).max() ?? 1
    let interleaves =
      batchCapacity >= Grid.widestVector && Planner.interleavedLimit / Grid.widestVector >= largest
    cell = interleaves ? Grid.widestVector : 1
    bundles = interleaves ? 1 : max(1, min(batchCapacity, Planner.passTarget / largest))
    arena = Arena(bundles: bundles)
    try planGeometry()
    let geometries = geometries
    let fusion = Fusion(graph) { geometries[$0.name]?.writesInPlace ?? true }
    for (index, fused) in fusion.nodes.enumerated() {
      for value in fused.reads { lastUse[value] = index }
    }
    output = fusion.name(of: graph.output)
    lastUse[output] = fusion.nodes.count
    _ = try place(Graph.inputName, shape: graph.input)
    for (index, fused) in fusion.nodes.enumerated() {
      try plan(fused)
      for value in Set(fused.reads + [fused.output])
      where (lastUse[value] ?? index) <= index {
        if let place = places[value] { arena.release(place.slot) }
      }
    }
    try arena.allocate()
  }

  mutating func append(_ step: any Step) { steps.append(step) }

  /// All activations of one size share one grid, whose gaps suit every convolution on it.
  private mutating func planGeometry() throws(RuntimeError) {
    for node in graph.nodes {
      guard case .convolution(let convolution) = node.operation, let input = shapes[node.inputs[0]]
      else { continue }
      guard let geometry = ConvolutionGeometry(convolution.window, input: input) else {
        throw .tooLarge(layer: node.name)
      }
      geometries[node.name] = geometry
      guard geometry.writesInPlace else { continue }
      let side = Side(height: geometry.gridHeight, width: geometry.gridWidth)
      let gap = gaps[side, default: Gap()]
      gaps[side] = Gap(
        row: max(gap.row, geometry.rowGap), column: max(gap.column, geometry.columnGap))
    }
  }

  private func grid(_ height: Int, _ width: Int) -> Grid {
    let gap = gaps[Side(height: height, width: width), default: Gap()]
    return Grid(
      height: height, width: width, rowGap: gap.row, columnGap: gap.column, cell: cell)
  }

  mutating func place(
    _ value: String, shape: ActivationShape
  ) throws(RuntimeError) -> Place {
    let place = try scratch(
      grid(shape.height, shape.width), channels: shape.channels, for: value)
    places[value] = place
    return place
  }

  func scratch(
    _ grid: Grid, channels: Int, keepsGaps: Bool = true, for layer: String
  ) throws(RuntimeError) -> Place {
    let slot = try arena.reserve(
      Arena.Kind(grid: grid, keepsGaps: keepsGaps), channels: channels, for: layer)
    return Place(
      slot: slot, grid: grid, channels: channels, stride: grid.channelStride(bundles))
  }

  func shape(_ node: Node) throws(RuntimeError) -> ActivationShape {
    guard let shape = shapes[node.name] else { throw .graph(.unknownOutput(node.name)) }
    return shape
  }

  func place(of value: String) throws(RuntimeError) -> Place {
    guard let place = places[value] else { throw .graph(.unknownOutput(value)) }
    return place
  }

  private mutating func plan(_ fused: FusedNode) throws(RuntimeError) {
    let node = fused.node
    let inputs = try fused.inputs.map { name throws(RuntimeError) in try place(of: name) }
    guard let input = inputs.first else { return }
    switch node.operation {
    case .convolution: try planConvolution(fused, input)
    case .linear: try planLinear(fused, input)
    case .batchNorm(_, let epsilon):
      let (scale, shift) = try coefficients(node, epsilon)
      try planElementwise(fused, input, KernelWeights(scale: scale, shift: shift))
    case .scaleShift:
      let weights = KernelWeights(
        scale: try tensor(node.weightName), shift: try tensor(node.biasName))
      try planElementwise(fused, input, weights)
    case .relu, .clip, .add:
      let ones = [Float](repeating: 1, count: input.channels)
      let zeros = [Float](repeating: 0, count: input.channels)
      try planElementwise(fused, input, KernelWeights(scale: ones, shift: zeros))
    case .maxPool(let window): try planPool(.maximum, window, node, input)
    case .averagePool(let window, let countsPadding):
      try planPool(countsPadding ? .paddedMean : .mean, window, node, input)
    case .globalAveragePool: try planPool(.globalMean, Window(kernel: 1), node, input)
    case .sigmoid, .hardSigmoid, .hardSwish: try planActivation(node, input)
    case .multiply: try planProduct(node, input, by: inputs[inputs.count - 1])
    case .concatenate: try planConcatenation(node, inputs)
    case .pad(let padding): try planPad(node, padding, input)
    }
  }

  private mutating func planConvolution(
    _ fused: FusedNode, _ input: Place
  ) throws(RuntimeError) {
    guard let geometry = geometries[fused.node.name] else { return }
    let name = fused.node.name
    let shape = try shape(fused.node)
    let output = try place(name, shape: shape)
    let grid =
      geometry.writesInPlace
      ? output.grid
      : Grid(
        height: geometry.gridHeight, width: geometry.gridWidth, rowGap: geometry.rowGap,
        columnGap: geometry.columnGap, cell: cell)
    var source = input
    if !geometry.readsInPlace {
      let (channels, overflow) = input.channels.multipliedReportingOverflow(
        by: geometry.phases.count)
      guard !overflow else { throw .tooLarge(layer: name) }
      source = try scratch(grid, channels: channels, for: name)
      steps.append(PhaseStep(input: input, output: source, geometry: geometry))
    }
    var target = output
    if !geometry.writesInPlace {
      target = try scratch(grid, channels: shape.channels, keepsGaps: false, for: name)
    }
    let weights = try kernelWeights(fused.node)
    let channels = input.channels
    try append(
      fused, weights, source, target, shape: shape, keepsGaps: geometry.writesInPlace
    ) { column in
      let tap = geometry.taps[column / channels]
      let channel = tap.phase * channels + column % channels
      return channel * source.stride + tap.dy * grid.pitch + tap.dx * grid.cell
    }
    if source.slot != input.slot { arena.release(source.slot) }
    if target.slot != output.slot {
      steps.append(CropStep(input: target, output: output))
      arena.release(target.slot)
    }
  }

  private mutating func planLinear(_ fused: FusedNode, _ input: Place) throws(RuntimeError) {
    let name = fused.node.name
    let shape = try shape(fused.node)
    var source = input
    if input.grid.height * input.grid.width > 1 {
      let features = input.channels * input.grid.height * input.grid.width
      source = try scratch(grid(1, 1), channels: features, for: name)
      steps.append(FlattenStep(input: input, output: source))
    }
    let output = try place(name, shape: shape)
    try append(fused, try kernelWeights(fused.node), source, output, shape: shape) {
      $0 * source.stride
    }
    if source.slot != input.slot { arena.release(source.slot) }
  }

  private mutating func planElementwise(
    _ fused: FusedNode, _ input: Place, _ weights: KernelWeights
  ) throws(RuntimeError) {
    let shape = try shape(fused.node)
    let output = try place(fused.node.name, shape: shape)
    try append(fused, weights, input, output, shape: shape) { $0 * input.stride }
  }

  private mutating func append(
    _ fused: FusedNode, _ weights: KernelWeights, _ input: Place, _ output: Place,
    shape: ActivationShape, keepsGaps: Bool = true, offset: (Int) -> Int
  ) throws(RuntimeError) {
    // Every offset lies inside a buffer of at most Int32.max floats.
    let offsets = weights.columns.map { column in
      column == KernelWeights.noColumn ? 0 : Int32(truncatingIfNeeded: offset(Int(column)))
    }
    var residual: Place?
    if let name = fused.residual { residual = try place(of: name) }
    let step = try MultiplyStep(
      weights, offsets: offsets, node: fused, input: input, output: output, residual: residual,
      resultHeight: shape.height, resultWidth: shape.width,
      mask: keepsGaps ? mask(output.grid) : nil, threads: threads,
      kernels: kernels)
    steps.append(step)
    if weights.denseWeights > 0 {
      reports.append(
        LayerReport(
          name: fused.node.name, outputShape: shape, keptWeights: weights.keptWeights,
          denseWeights: weights.denseWeights, kernel: step.kernelName))
    }
  }

  /// What keeps a grid's gaps zero, one for all steps; nil where kernels never reach them.
  mutating func mask(_ grid: Grid) throws(RuntimeError) -> KernelMemory<Int32>? {
    guard cell % kernels.pointee.lanes != 0 else { return nil }
    if let mask = masks[grid] { return mask }
    let mask = try KernelMemory(grid.mask(bundles: bundles))
    masks[grid] = mask
    return mask
  }

  private func kernelWeights(_ node: Node) throws(RuntimeError) -> KernelWeights {
    let bias = weights[node.biasName]?.values
    if let layer = layers[node.name] { return KernelWeights(layer, bias: bias) }
    var groups = 1
    if case .convolution(let convolution) = node.operation { groups = convolution.groups }
    guard let matrix = WeightMatrix(node.operation),
      let weights = KernelWeights(
        matrix, groups: groups, weight: try tensor(node.weightName), bias: bias)
    else { throw .graph(.missingWeight(node.weightName)) }
    return weights
  }

  private func tensor(_ name: String) throws(RuntimeError) -> [Float] {
    guard let tensor = weights[name] else { throw .graph(.missingWeight(name)) }
    return tensor.values
  }

  /// Evaluation-mode batch norm as one multiply-add per channel.
  private func coefficients(
    _ node: Node, _ epsilon: Float
  ) throws(RuntimeError) -> ([Float], [Float]) {
    let gamma = try tensor(node.weightName)
    let beta = try tensor(node.biasName)
    let mean = try tensor(node.meanName)
    let variance = try tensor(node.varianceName)
    let scale = zip(gamma, variance).map { $0 / ($1 + epsilon).squareRoot() }
    return (scale, zip(beta, zip(mean, scale)).map { $0 - $1.0 * $1.1 })
  }
}
