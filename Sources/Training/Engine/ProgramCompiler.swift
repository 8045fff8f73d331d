import COneDNN
import NeuralGraph

/// Turns a graph into a `Program`: chooses layouts, creates primitives and buffers, and derives the
/// backward pass.
///
/// Values stay in the layout their producer chose (nChw16c on AVX-512) until a reader wants another
/// one; only then a reorder is inserted. Gradients are collected as contributions per value: a
/// value with one reader takes its reader's gradient as it is, one with several gets their sum, so
/// nothing is ever added in place and no buffer needs clearing.
final class ProgramCompiler {
  let context: OneDNNContext
  let graph: Graph
  let shapes: [String: ActivationShape]
  let parameters: [String: ParameterBuffer]
  let count: Int
  let mode: PassMode
  let settings: PassSettings
  var values: [String: OneDNNMemory] = [:]

  private let readers: [String: Int]
  /// Readers that are still to be compiled, by value; without a backward pass a value's buffer is
  /// free again once all have run.
  private var pendingReaders: [String: Int]
  private var freeBuffers: [Int: [AlignedBuffer]] = [:]
  private var absorbed = Set<String>()
  private var contributions: [String: [OneDNNMemory]] = [:]
  private var forwardActions: [Program.Action] = []
  private var backwardActions: [Program.Action] = []
  private var backwardBuilders: [() throws(TrainingError) -> Void] = []
  private var isBuildingBackward = false

  init(
    graph: Graph, shapes: [String: ActivationShape], parameters: [String: ParameterBuffer],
    count: Int, mode: PassMode, settings: PassSettings, context: OneDNNContext
  ) {
    self.graph = graph
    self.shapes = shapes
    self.parameters = parameters
    self.count = count
    self.mode = mode
    self.settings = settings
    self.context = context
    var readers: [String: Int] = [graph.output: 1]
    for node in graph.nodes { for input in node.inputs { readers[input, default: 0] += 1 } }
    self.readers = readers
    pendingReaders = readers
  }

  func compile() throws(TrainingError) -> Program {
    let input = try memory(.plain(dims(graph.input)))
    values[Graph.inputName] = input
    for node in graph.nodes where !absorbed.contains(node.name) {
      try compile(node)
      releaseInputs(of: node)
    }

    let last = try value(graph.output)
    let plain = try MemoryDescriptor.plain(last.descriptor.dimensions)
    let output = try reordered(last, to: plain)
    var outputGradient: OneDNNMemory?
    if mode.hasBackward {
      let gradient = try memory(plain)
      outputGradient = gradient
      contribute(gradient, to: graph.output)
      isBuildingBackward = true
      for build in backwardBuilders.reversed() { try build() }
      backwardBuilders = []  // they hold this compiler
    }
    return Program(
      input: input, output: output, outputGradient: outputGradient, forward: forwardActions,
      backward: backwardActions)
  }

  private func compile(_ node: Node) throws(TrainingError) {
    switch node.operation {
    case .convolution(let convolution): try compile(convolution, node)
    case .batchNorm(_, let epsilon): try compileBatchNorm(node, epsilon: epsilon)
    case .relu(let limit): try compileRelu(node, limit: limit)
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

  func memory(_ descriptor: MemoryDescriptor, sharing: AlignedBuffer? = nil) throws(TrainingError)
    -> OneDNNMemory
  {
    try OneDNNMemory(descriptor, in: context, sharing: sharing)
  }

  /// Memory for a node's result. Without a backward pass it may be a buffer whose value nobody will
  /// read any more: a large batch then touches a few buffers again and again, not one a node.
  func resultMemory(_ descriptor: MemoryDescriptor) throws(TrainingError) -> OneDNNMemory {
    guard !descriptor.isPadded else { return try memory(descriptor) }
    return try memory(descriptor, sharing: freeBuffers[descriptor.byteCount]?.popLast())
  }

  /// Hands back the buffers of values that this node was the last to read. Layouts with padded
  /// channels take no part: oneDNN relies on the zeros in their padding.
  private func releaseInputs(of node: Node) {
    guard !mode.hasBackward else { return }
    for input in node.inputs {
      pendingReaders[input, default: 0] -= 1
      guard pendingReaders[input] == 0, input != Graph.inputName,
        let value = values.removeValue(forKey: input)
      else { continue }
      guard !value.descriptor.isPadded else { continue }
      freeBuffers[value.descriptor.byteCount, default: []].append(value.buffer)
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
    let target = try memory(layout)
    let description = try PrimitiveDescription(
      reorder: plain.descriptor, to: layout, in: context)
    let copy = try OneDNNPrimitive(
      description, [DNNL_ARG_FROM: plain, DNNL_ARG_TO: target], in: context, "reorder a weight")
    emitOnChange(of: [parameter]) { () throws(TrainingError) in try copy.run() }
    return target
  }

  /// Emits a step that runs only when one of the parameters was written since its last run.
  func emitOnChange(of sources: [ParameterBuffer], _ action: @escaping Program.Action) {
    var seen: [Int] = []
    emit { () throws(TrainingError) in
      let versions = sources.map(\.version)
      guard versions != seen else { return }
      try action()
      seen = versions
    }
  }

  /// The gradient buffer a backward primitive should fill: the parameter's own when the layouts
  /// agree, else a buffer with a copy to it appended by the returned closure.
  func weightGradient(_ parameter: ParameterBuffer, dims: [Int], layout: MemoryDescriptor)
    throws(TrainingError) -> (OneDNNMemory, finish: () throws(TrainingError) -> Void)
  {
    let plain = try memory(.plain(dims), sharing: parameter.gradientBuffer)
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
    guard let parts = contributions[name], var sum = parts.first else { return nil }
    sum = try reordered(sum, to: layout)
    for part in parts.dropFirst() {
      let next = try reordered(part, to: layout)
      sum = try added(sum, next)
    }
    contributions[name] = [sum]
    return sum
  }

  /// a + b in a's layout.
  func added(_ a: OneDNNMemory, _ b: OneDNNMemory) throws(TrainingError) -> OneDNNMemory {
    let result = try resultMemory(a.descriptor)
    var operation = dnnl_binary_desc_t()
    var (first, second, out) = (a.descriptor, b.descriptor, result.descriptor)
    try check(
      dnnl_binary_desc_init(&operation, dnnl_binary_add, &first, &second, &out), "describe a sum")
    let description = try PrimitiveDescription(operation, in: context, "add")
    try emit(
      description, [DNNL_ARG_SRC_0: a, DNNL_ARG_SRC_1: b, DNNL_ARG_DST: result], "add")
    return result
  }

  // MARK: Fusion

  /// The activation that alone reads this node, so that the node can apply it itself. The caller
  /// then stores its result under the activation's name, and the activation is not compiled.
  func absorbRelu(after node: Node, unlimitedOnly: Bool) -> (name: String, limit: Float?)? {
    guard readers[node.name] == 1,
      let reader = graph.nodes.first(where: { $0.inputs.contains(node.name) }),
      case .relu(let limit) = reader.operation, limit == nil || !unlimitedOnly
    else { return nil }
    absorbed.insert(reader.name)
    return (reader.name, limit)
  }
}
