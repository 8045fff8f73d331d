import COneDNN
import CTraining
import NeuralGraph

/// What all programs of a network share.
struct EngineResources {
  let context: OneDNNContext
  let pool: BufferPool
  let weightCopies: WeightCopies
  /// Cores that every step may use.
  let threads: Int
  /// Whether convolutions may use the Winograd form.
  let allowsWinograd: Bool
  /// What comparisons with other programs set, by convolution.
  let pins: [String: [PinnedValue]]
}

/// Turns a graph into a `Program`: chooses layouts, creates primitives and buffers, and derives the
/// backward pass.
///
/// Values stay in the layout their producer chose (nChw16c on AVX-512) until a reader wants another
/// one; only then a reorder is inserted. Gradients are collected as contributions per value: a
/// value with one reader takes its reader's gradient as it is, one with several gets their sum, so
/// nothing is ever added in place and no buffer needs clearing.
///
/// Compilation follows the order of execution, and a tensor's buffer is free for the next one as
/// soon as nothing here refers to it any more (see `BufferPool`): values are dropped after their
/// last reader, or with the closure that compiles their last backward step.
final class ProgramCompiler {
  let graph: Graph
  let shapes: [String: ActivationShape]
  let parameters: [String: ParameterBuffer]
  let count: Int
  let mode: PassMode
  let precision: Precision
  let settings: PassSettings
  let resources: EngineResources
  /// Told how many values that are not zero each layer with a matrix reads, in every pass.
  var onRead: ((_ node: String, _ nonzero: Int) -> Void)?
  var values: [String: OneDNNMemory] = [:]

  private let readers: [String: [Node]]
  /// Readers that are still to be compiled, by value.
  private var pendingReaders: [String: Int]
  private var absorbed = Set<String>()
  private var contributions: [String: [OneDNNMemory]] = [:]
  private var forwardActions: [Program.Action] = []
  private var backwardActions: [Program.Action] = []
  private var backwardBuilders: [() throws(TrainingError) -> Void] = []
  private var isBuildingBackward = false
  private var constants: [AlignedBuffer] = []

  var context: OneDNNContext { resources.context }
  /// How activations are stored.
  var valueType: dnnl_data_type_t { precision == .bf16 ? dnnl_bf16 : dnnl_f32 }

  init(
    graph: Graph, shapes: [String: ActivationShape], parameters: [String: ParameterBuffer],
    count: Int, mode: PassMode, precision: Precision, settings: PassSettings,
    resources: EngineResources
  ) {
    self.graph = graph
    self.shapes = shapes
    self.parameters = parameters
    self.count = count
    self.mode = mode
    self.precision = precision
    self.settings = settings
    self.resources = resources
    var readers: [String: [Node]] = [:]
    for node in graph.nodes {
      for input in node.inputs { readers[input, default: []].append(node) }
    }
    self.readers = readers
    pendingReaders = readers.mapValues(\.count)
    pendingReaders[graph.output, default: 0] += 1
  }

  func compile() throws(TrainingError) -> Program {
    // The closures refer to this compiler: what an error leaves of them would keep it for ever, and with
    // it everything that was allocated so far.
    defer { backwardBuilders = [] }
    let input = try memory(.plain(dims(graph.input)))
    values[Graph.inputName] = input
    for node in graph.nodes {
      try countNonzero(node)
      if !absorbed.contains(node.name) { try compile(node) }
      releaseInputs(of: node)
    }

    let last = try value(graph.output)
    let plain = try MemoryDescriptor.plain(last.descriptor.dimensions)
    let output = try reordered(last, to: plain)
    values = [:]
    var outputGradient: OneDNNMemory?
    if mode.hasBackward {
      let gradient = try memory(plain)
      outputGradient = gradient
      contribute(gradient, to: graph.output)
      isBuildingBackward = true
      // Each closure goes once it has run, and with it what only it referred to.
      while let build = backwardBuilders.popLast() { try build() }
    }
    return Program(
      input: input, output: output, outputGradient: outputGradient, forward: forwardActions,
      backward: backwardActions, constants: constants)
  }

  private func compile(_ node: Node) throws(TrainingError) {
    switch node.operation {
    case .convolution(let convolution): try compile(convolution, node)
    case .batchNorm(_, let epsilon): try compileBatchNorm(node, epsilon: epsilon)
    case .relu(let limit): try compileClamp(node, limit: limit)
    case .maxPool(let window): try compilePooling(node, window, dnnl_pooling_max)
    case .averagePool(let window, let countsPadding):
      try compilePooling(
        node, window,
        countsPadding ? dnnl_pooling_avg_include_padding : dnnl_pooling_avg_exclude_padding)
    case .globalAveragePool:
      let shape = try shape(node.inputs[0])
      let window = Window(kernelHeight: shape.height, kernelWidth: shape.width)
      try compilePooling(node, window, dnnl_pooling_avg_exclude_padding)
    case .add: try compileAdd(node)
    case .linear: try compileLinear(node)
    case .clip, .sigmoid, .hardSigmoid, .hardSwish: try compileActivation(node)
    case .scaleShift: try compileScaleShift(node)
    case .multiply: try compileMultiply(node)
    case .concatenate: try compileConcatenation(node)
    case .pad(let padding): try compilePad(node, padding)
    }
  }

  private func countNonzero(_ node: Node) throws(TrainingError) {
    guard let onRead, WeightMatrix(node.operation) != nil else { return }
    let read = try value(node.inputs[0])
    // The padding of blocked layouts is zero, so the layout does not matter.
    let values = UnsafeBufferPointer(
      rebasing: read.buffer.floats.prefix(read.descriptor.valueCount))
    let name = node.name
    emit { onRead(name, values.count { $0 != 0 }) }
  }

  // MARK: Building blocks

  func dims(_ shape: ActivationShape) -> [Int] {
    [count, shape.channels, shape.height, shape.width]
  }

  func shape(_ name: String) throws(TrainingError) -> ActivationShape {
    guard let shape = shapes[name] else { throw .graph(.unknownOutput(name)) }
    return shape
  }

  func value(_ name: String) throws(TrainingError) -> OneDNNMemory {
    guard let value = values[name] else { throw .graph(.unknownOutput(name)) }
    return value
  }

  func parameter(_ name: String) throws(TrainingError) -> ParameterBuffer {
    guard let parameter = parameters[name] else { throw .graph(.missingWeight(name)) }
    return parameter
  }

  /// A tensor in pooled memory, or in a buffer of somebody else's.
  func memory(_ descriptor: MemoryDescriptor, sharing: AlignedBuffer? = nil) throws(TrainingError)
    -> OneDNNMemory
  {
    let buffer: AlignedBuffer
    if let sharing {
      buffer = sharing
    } else {
      buffer = try resources.pool.buffer(byteCount: descriptor.byteCount)
    }
    return try OneDNNMemory(descriptor, buffer: buffer, in: context)
  }

  /// Floats that only the step under construction uses.
  func scratch(_ count: Int) throws(TrainingError) -> AlignedBuffer {
    try resources.pool.buffer(byteCount: count * MemoryLayout<Float>.stride)
  }

  /// Floats that hold one value for as long as the program exists.
  func constant(_ value: Float, count: Int) throws(TrainingError) -> AlignedBuffer {
    let buffer = try AlignedBuffer(byteCount: count * MemoryLayout<Float>.stride)
    buffer.floats.update(repeating: value)
    constants.append(buffer)
    return buffer
  }

  /// Lets go of values that this node was the last to read.
  private func releaseInputs(of node: Node) {
    for input in node.inputs {
      pendingReaders[input, default: 0] -= 1
      if pendingReaders[input] == 0 { values[input] = nil }
    }
  }

  /// Appends a step to the pass under construction.
  func emit(_ action: @escaping Program.Action) {
    if isBuildingBackward { backwardActions.append(action) } else { forwardActions.append(action) }
  }

  func emit(
    _ description: PrimitiveDescription, _ arguments: [Int32: OneDNNMemory], _ operation: String
  ) throws(TrainingError) {
    let primitive = try OneDNNPrimitive(description, arguments, in: context, operation)
    emit { () throws(TrainingError) in try primitive.run() }
  }

  /// The same tensor in another layout: itself when it has it already, else a copy made at this
  /// point of the pass.
  func reordered(_ source: OneDNNMemory, to layout: MemoryDescriptor) throws(TrainingError)
    -> OneDNNMemory
  {
    if source.descriptor.hasSameLayout(as: layout) { return source }
    let target = try memory(layout)
    let description = try PrimitiveDescription(
      reorder: source.descriptor, to: layout, in: context)
    try emit(description, [DNNL_ARG_FROM: source, DNNL_ARG_TO: target], "reorder a tensor")
    return target
  }

  /// A weight in the layout a primitive wants, refreshed only after the weight has changed.
  func weight(_ parameter: ParameterBuffer, dims: [Int], layout: MemoryDescriptor)
    throws(TrainingError) -> OneDNNMemory
  {
    let plain = try memory(.plain(dims), sharing: parameter.valueBuffer)
    if plain.descriptor.hasSameLayout(as: layout) { return plain }
    let copy = try resources.weightCopies.copy(parameter, dims: dims, layout: layout)
    emit { () throws(TrainingError) in try copy.refresh() }
    return copy.memory
  }

  /// The gradient buffer a backward primitive should fill: the parameter's own when the layouts
  /// agree, else a buffer with a copy to it appended by the returned closure.
  func weightGradient(_ parameter: ParameterBuffer, dims: [Int], layout: MemoryDescriptor)
    throws(TrainingError) -> (OneDNNMemory, finish: () throws(TrainingError) -> Void)
  {
    let plain = try memory(.plain(dims), sharing: parameter.gradientMemory())
    if plain.descriptor.hasSameLayout(as: layout) {
      return (plain, { () throws(TrainingError) in })
    }
    let target = try memory(layout)
    return (
      target,
      { [self] () throws(TrainingError) in
        let description = try PrimitiveDescription(
          reorder: layout, to: plain.descriptor, in: context)
        try emit(
          description, [DNNL_ARG_FROM: target, DNNL_ARG_TO: plain], "reorder a weight's gradient")
      }
    )
  }

  // MARK: Gradients

  /// Registers how to build a node's backward steps; called in reverse order after the forward pass.
  func onBackward(_ build: @escaping () throws(TrainingError) -> Void) {
    if mode.hasBackward { backwardBuilders.append(build) }
  }

  /// Whether anybody needs dL/d(value): the image's gradient is never used.
  func needsGradient(_ name: String) -> Bool { name != Graph.inputName }

  func contribute(_ gradient: OneDNNMemory, to name: String) {
    if needsGradient(name) { contributions[name, default: []].append(gradient) }
  }

  /// dL/d(value) in the given layout: the sum of what its readers contributed. Nil when no reader
  /// leads to the output.
  func gradient(of name: String, layout: MemoryDescriptor) throws(TrainingError) -> OneDNNMemory? {
    let parts = try gradientParts(of: name, layout: layout)
    guard let first = parts.first else { return nil }
    return parts.count == 1 ? first : try added(first, parts[1])
  }

  /// The same as at most two summands, for steps that add while they read.
  func gradientParts(of name: String, layout: MemoryDescriptor) throws(TrainingError)
    -> [OneDNNMemory]
  {
    var parts: [OneDNNMemory] = []
    for part in contributions.removeValue(forKey: name) ?? [] {
      let part = try reordered(part, to: layout)
      parts = parts.count == 2 ? [try added(parts[0], parts[1]), part] : parts + [part]
    }
    return parts
  }

  /// a + b (nil: a alone) between two bounds, in a's layout, which b has too.
  func added(
    _ a: OneDNNMemory, _ b: OneDNNMemory?, lower: Float = -.infinity, upper: Float = .infinity
  ) throws(TrainingError) -> OneDNNMemory {
    let result = try memory(a.descriptor)
    let (first, second, out) = (a.buffer.pointer, b?.buffer.pointer, result.buffer.pointer)
    let (count, type, threads) = (a.descriptor.valueCount, a.descriptor.passType, passThreads)
    emit { () throws(TrainingError) in
      crisp_add(first, second, lower, upper, out, count, type, threads)
    }
    return result
  }

  // MARK: Fusion

  /// What follows a node and can be done in its store: the node's result then stands under the name
  /// of the last one, and the others are not compiled.
  struct Tail {
    /// The value that is produced.
    var output: String
    /// The value that is added.
    var residual: String?
    /// Bounds of the result.
    var lower = -Float.infinity
    var upper = Float.infinity

    var clamps: Bool { lower > -.infinity || upper < .infinity }
  }

  /// Absorbs the addition, where one is allowed and its other operand exists already, and the
  /// rectification that alone read this node.
  func absorbTail(of node: Node, withAddition: Bool) -> Tail {
    var tail = Tail(output: node.name)
    if withAddition, let sum = onlyReader(of: node.name), case .add = sum.operation,
      let other = sum.inputs.first(where: { $0 != node.name }), values[other] != nil
    {
      absorbed.insert(sum.name)
      tail.output = sum.name
      tail.residual = other
    }
    if let clamp = onlyReader(of: tail.output), case .relu(let limit) = clamp.operation {
      absorbed.insert(clamp.name)
      tail.output = clamp.name
      tail.lower = 0
      tail.upper = limit ?? .infinity
    }
    return tail
  }

  private func onlyReader(of name: String) -> Node? {
    guard name != graph.output, let nodes = readers[name], nodes.count == 1 else { return nil }
    return nodes[0]
  }
}
