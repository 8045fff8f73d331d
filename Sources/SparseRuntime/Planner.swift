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
  let layers: [String: PackedLayer]
  let weights: Weights
  let bundles, cell: Int
  let kernels: UnsafePointer<crisp_kernels>
  let costs: CostModel

  private(set) var geometries: [String: ConvolutionGeometry] = [:]
  private var gaps: [Side: Gap] = [:]
  private var masks: [Grid: Mask] = [:]
  private var lastUse: [String: Int] = [:]
  /// The fused node that is being planned.
  private var index = 0

  private(set) var places: [String: Place] = [:]
  /// Steps and the nodes that they belong to.
  private(set) var steps: [(step: any Step, node: String)] = []
  var reports: [LayerReport] = []
  /// What every thread needs.
  var scratch = Scratch.Sizes()
  /// Bytes of what steps keep beside the model's own.
  var stepBytes = 0
  /// Where images are loaded; `places` forgets it when a layer's result takes its buffer.
  private(set) var input: Place?
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
    kernels: UnsafePointer<crisp_kernels>, costs: CostModel
  ) throws(RuntimeError) {
    do {
      shapes = try graph.shapes()
    } catch {
      throw .graph(error)
    }
    self.graph = graph
    self.layers = layers
    self.weights = weights
    self.kernels = kernels
    self.costs = costs
    // A batch goes through the network in passes, so that activations stay near from one layer to
    // the next. Where sixteen images are small enough they lie side by side, which fills the widest
    // vector and needs neither masks nor unaligned loads.
    let largest = shapes.values.map(\.count).max() ?? 1
    let interleaves =
      batchCapacity >= Grid.widestVector && Planner.interleavedLimit / Grid.widestVector >= largest
    cell = interleaves ? Grid.widestVector : 1
    bundles = interleaves ? 1 : max(1, min(batchCapacity, Planner.passTarget / largest))
    arena = try Arena(bundles: bundles)
    try planGeometry()
    let geometries = geometries
    let fusion = Fusion(graph) { geometries[$0.name]?.writesInPlace ?? true }
    for (index, fused) in fusion.nodes.enumerated() {
      for value in fused.reads { lastUse[value] = index }
    }
    output = fusion.name(of: graph.output)
    lastUse[output] = fusion.nodes.count
    input = try place(Graph.inputName, shape: graph.input)
    for (index, fused) in fusion.nodes.enumerated() {
      self.index = index
      try plan(fused)
      for value in Set(fused.reads + [fused.output]).sorted()
      where (lastUse[value] ?? index) <= index {
        if let place = places[value] { arena.release(place.slot) }
      }
    }
    try arena.allocate()
    for mask in masks.values { stepBytes += try mask.allocate(bundles: bundles) }
  }

  mutating func append(_ step: any Step, for node: String) { steps.append((step, node)) }

  /// All activations of one size share one grid, whose gaps suit every convolution on it.
  private mutating func planGeometry() throws(RuntimeError) {
    for node in graph.nodes {
      guard case .convolution(let convolution) = node.operation, let input = shapes[node.inputs[0]]
      else { continue }
      guard let geometry = ConvolutionGeometry(convolution.window, input: input) else {
        throw .tooLarge(layer: node.name)
      }
      geometries[node.name] = geometry
      if isDepthwise(node), DepthwiseStep.readsImage(geometry, cell: cell) {
        widenGaps(
          Side(height: input.height, width: input.width), to: geometry.gaps(around: input))
      } else if geometry.writesInPlace {
        widenGaps(
          Side(height: geometry.gridHeight, width: geometry.gridWidth),
          to: (geometry.rowGap, geometry.columnGap))
      }
    }
  }

  private mutating func widenGaps(_ side: Side, to least: (row: Int, column: Int)) {
    let gap = gaps[side, default: Gap()]
    gaps[side] = Gap(row: max(gap.row, least.row), column: max(gap.column, least.column))
  }

  func grid(_ height: Int, _ width: Int) -> Grid {
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

  /// A layer's output: where the value that it adds stands, if nobody reads that again. What is
  /// added is then overwritten by its sum, which spares a third of the memory traffic of a residual
  /// block's last layer.
  mutating func place(
    _ fused: FusedNode, shape: ActivationShape, canOverwrite: Bool
  ) throws(RuntimeError) -> Place {
    guard canOverwrite, let residual = fused.residual, let place = places[residual],
      lastUse[residual] ?? index <= index, !fused.inputs.contains(residual),
      place.channels == shape.channels, place.grid == grid(shape.height, shape.width)
    else { return try self.place(fused.node.name, shape: shape) }
    // The buffer changes its owner.
    places[residual] = nil
    places[fused.node.name] = place
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
    case .batchNorm, .scaleShift:
      let (scale, shift) = try coefficients(node)
      try planElementwise(fused, input, scale: scale, shift: shift)
    case .relu, .clip, .add:
      let ones = [Float](repeating: 1, count: input.channels)
      try planElementwise(fused, input, scale: ones, shift: nil)
    case .maxPool(let window): try planPool(CRISP_MAXIMUM, window, node, input)
    case .averagePool(let window, let countsPadding):
      try planPool(countsPadding ? CRISP_PADDED_MEAN : CRISP_MEAN, window, node, input)
    case .globalAveragePool: try planPool(CRISP_GLOBAL_MEAN, Window(kernel: 1), node, input)
    case .sigmoid, .hardSigmoid, .hardSwish: try planActivation(node, input)
    case .multiply: try planProduct(node, input, by: inputs[inputs.count - 1])
    case .concatenate: try planConcatenation(node, inputs)
    case .pad(let padding): try planPad(node, padding, input)
    }
  }

  /// What keeps a grid's gaps zero, one for all steps; nil where kernels never reach them.
  mutating func mask(_ grid: Grid) -> Mask? {
    guard cell % kernels.pointee.lanes != 0 else { return nil }
    if let mask = masks[grid] { return mask }
    let mask = Mask(grid)
    masks[grid] = mask
    return mask
  }

  func tensor(_ name: String) throws(RuntimeError) -> [Float] {
    guard let tensor = weights[name] else { throw .graph(.missingWeight(name)) }
    return tensor.values
  }

  private func coefficients(_ node: Node) throws(RuntimeError) -> (
    scale: [Float], shift: [Float]?
  ) {
    do {
      let coefficients = try ChannelCoefficients(node, weights: weights)
      return (coefficients?.scale ?? [], coefficients?.shift)
    } catch {
      throw .graph(error)
    }
  }
}
