import NeuralGraph

/// Bytes that a network's passes take beside its weights, from shapes alone.
///
/// The account follows `ProgramCompiler`: which tensors a pass makes, in which order, how long each
/// is needed, and which freed buffer the pool hands out again. Layouts are taken as blocked (channels
/// rounded up to 16), whichever oneDNN picks. All sums are in floating point, which saturates where
/// integers would trap.
package struct ActivationMemory {
  private let graph: Graph
  private let shapes: [String: ActivationShape]
  private let pool = BufferPoolModel()
  /// The largest scratch memory that one of oneDNN's primitives needs, in bytes.
  private(set) var scratch = 0.0

  /// No pass yet.
  /// - Throws: `GraphError` when the graph is no valid one.
  package init(graph: Graph) throws(GraphError) {
    self.graph = graph
    shapes = try graph.shapes()
  }

  /// Bytes of all passes' tensors.
  package var poolBytes: Double { pool.bytes }

  /// Bytes of all passes so far, in activations and in oneDNN's scratch memory.
  package var bytes: Double { pool.bytes + scratch }

  /// Adds the pass of one batch size and mode, on `threads` cores.
  package mutating func add(
    count: Int, mode: PassMode, precision: Precision = .f32, threads: Int = 1
  ) {
    let size = precision == .bf16 ? 2.0 : 4.0
    if mode.hasBackward {
      for node in graph.nodes {
        scratch = max(scratch, backwardScratch(node, count: count, size: size, threads: threads))
      }
    }
    let pass = PassModel(
      graph: graph, shapes: shapes, pool: pool, count: Double(count), size: size,
      hasBackward: mode.hasBackward)
    pass.run()
  }

  /// What oneDNN reserves for a convolution's backward pass: sums of each thread, or the transformed
  /// tensors of the Winograd form.
  private func backwardScratch(_ node: Node, count: Int, size: Double, threads: Int) -> Double {
    guard case .convolution(let c) = node.operation, let output = shapes[node.name] else {
      return 0
    }
    let weights = c.weightShape.reduce(1.0) { $0 * Double($1) }
    guard size == 4,
      WinogradChoice.isFaster(c, images: count, height: output.height, width: output.width)
    else { return Double(max(1, threads)) * weights * 4 }
    let tiles = Double(count) * Double((output.height + 3) / 4) * Double((output.width + 3) / 4)
    return 4 * 36 * (tiles * Double(c.inChannels + c.outChannels) + 2 * weights / 9)
  }
}

/// `BufferPool` without the memory.
final class BufferPoolModel {
  /// Bytes that were ever asked for and not to be had from free buffers.
  private(set) var bytes = 0.0
  private var free: [Double] = []

  func take(_ size: Double) -> BufferModel {
    let fitting = free.indices.filter { free[$0] >= size && free[$0] / 2 <= size }
    if let best = fitting.min(by: { free[$0] < free[$1] }) {
      return BufferModel(size: free.remove(at: best), pool: self)
    }
    bytes += size
    return BufferModel(size: size, pool: self)
  }

  fileprivate func takeBack(_ size: Double) { free.append(size) }
}

/// A buffer as long as something refers to it.
final class BufferModel {
  let size: Double
  private let pool: BufferPoolModel

  fileprivate init(size: Double, pool: BufferPoolModel) {
    self.size = size
    self.pool = pool
  }

  deinit { pool.takeBack(size) }
}

/// The tensors of one pass, in the order in which `ProgramCompiler` makes them.
private final class PassModel {
  private let graph: Graph
  private let shapes: [String: ActivationShape]
  private let pool: BufferPoolModel
  private let count: Double
  private let size: Double
  private let hasBackward: Bool
  private var values: [String: BufferModel] = [:]
  private var readers: [String: [Node]] = [:]
  private var pending: [String: Int] = [:]
  private var absorbed = Set<String>()
  private var contributions: [String: [BufferModel]] = [:]
  private var builders: [() -> Void] = []

  init(
    graph: Graph, shapes: [String: ActivationShape], pool: BufferPoolModel, count: Double,
    size: Double, hasBackward: Bool
  ) {
    self.graph = graph
    self.shapes = shapes
    self.pool = pool
    self.count = count
    self.size = size
    self.hasBackward = hasBackward
    for node in graph.nodes {
      for input in node.inputs { readers[input, default: []].append(node) }
    }
    pending = readers.mapValues(\.count)
    pending[graph.output, default: 0] += 1
  }

  func run() {
    // The image as it comes, and as the first layer wants it.
    let input = pool.take(bytes(Graph.inputName, plain: true))
    values[Graph.inputName] = size == 4 ? input : tensor(Graph.inputName)
    for node in graph.nodes {
      if !absorbed.contains(node.name) { compile(node) }
      for input in node.inputs {
        pending[input, default: 0] -= 1
        if pending[input] == 0 { values[input] = nil }
      }
    }
    let output = values[graph.output]
    values = [:]
    if hasBackward {
      contributions[graph.output] = [pool.take(bytes(graph.output, plain: true))]
      while let build = builders.popLast() { build() }
    }
    withExtendedLifetime((input, output)) {}
  }

  private func bytes(_ name: String, plain: Bool = false) -> Double {
    guard let shape = shapes[name] else { return 0 }
    let channels = plain ? shape.channels : (shape.channels + 15) / 16 * 16
    return count * Double(channels) * Double(shape.height) * Double(shape.width)
      * (plain ? 4 : size)
  }

  private func tensor(_ name: String) -> BufferModel { pool.take(bytes(name)) }

  private func onlyReader(of name: String) -> Node? {
    guard name != graph.output, let nodes = readers[name], nodes.count == 1 else { return nil }
    return nodes[0]
  }

  /// As `ProgramCompiler.absorbTail`: the last value's name, whether it is clamped, and the value
  /// that is added.
  private func tail(of node: Node, withAddition: Bool) -> (
    name: String, clamps: Bool, residual: String?
  ) {
    var name = node.name
    var residual: String?
    if withAddition, let sum = onlyReader(of: name), case .add = sum.operation,
      let other = sum.inputs.first(where: { $0 != node.name }), values[other] != nil
    {
      absorbed.insert(sum.name)
      name = sum.name
      residual = other
    }
    guard let clamp = onlyReader(of: name), case .relu = clamp.operation else {
      return (name, false, residual)
    }
    absorbed.insert(clamp.name)
    return (clamp.name, true, residual)
  }

  private func compile(_ node: Node) {
    let inputs = node.inputs.compactMap { values[$0] }
    let last: (name: String, clamps: Bool, residual: String?)
    switch node.operation {
    case .convolution, .add: last = tail(of: node, withAddition: false)
    case .batchNorm: last = tail(of: node, withAddition: true)
    default: last = (node.name, false, nil)
    }
    let target = tensor(last.name)
    values[last.name] = target
    guard hasBackward else { return }
    // What the backward pass reads: the input of products, the output behind clamps; of other
    // operations both are kept.
    var kept: [BufferModel]
    var workspace: BufferModel?
    switch node.operation {
    case .convolution: kept = inputs + (last.clamps ? [target] : [])
    case .batchNorm: kept = inputs + (last.clamps && last.residual != nil ? [target] : [])
    case .add: kept = last.clamps ? [target] : []
    case .relu: kept = [target]
    case .linear(let features, _, _): kept = [pool.take(count * Double(features) * size)]
    case .maxPool:
      workspace = pool.take(bytes(node.name) / size)
      kept = inputs + [target]
    default: kept = inputs + [target]
    }
    builders.append { [self] in
      differentiate(node, last.name, clamps: last.clamps, residual: last.residual)
      withExtendedLifetime((kept, workspace)) {}
      kept = []
    }
  }

  private func differentiate(_ node: Node, _ output: String, clamps: Bool, residual: String?) {
    var gradients = contributions.removeValue(forKey: output) ?? []
    guard !gradients.isEmpty else { return }
    if case .batchNorm = node.operation {
      while gradients.count > 2 { gradients = [tensor(output)] + gradients.dropFirst(2) }
      let masked = residual != nil && (clamps || gradients.count > 1) ? tensor(output) : nil
      contribute(tensor(output), to: node.inputs[0])
      if let residual { contribute(masked ?? gradients[0], to: residual) }
      return
    }
    while gradients.count > 1 { gradients = [tensor(output)] + gradients.dropFirst(2) }
    if clamps { gradients = [tensor(output)] }
    switch node.operation {
    case .convolution(let c):
      // The weight's gradient in oneDNN's layout, on its way to the plain one.
      let weights = pool.take(c.weightShape.reduce(4.0) { $0 * Double($1) })
      if node.inputs[0] != Graph.inputName {
        contribute(tensor(node.inputs[0]), to: node.inputs[0])
      }
      withExtendedLifetime((weights, gradients)) {}
    case .add:
      for input in node.inputs { contribute(gradients[0], to: input) }
    default:
      for input in node.inputs where input != Graph.inputName {
        contribute(tensor(input), to: input)
      }
      withExtendedLifetime(gradients) {}
    }
  }

  private func contribute(_ gradient: BufferModel, to name: String) {
    if name != Graph.inputName { contributions[name, default: []].append(gradient) }
  }
}
