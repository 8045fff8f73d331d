import COneDNN
import Datasets
import NeuralGraph

/// A graph with weights that can be run forward and backward on oneDNN.
///
/// A network belongs to one thread at a time (it is not `Sendable`): buffers, primitives and
/// libgomp's thread pool are tied to the thread that uses it.
public final class Network {
  /// What is computed.
  public let graph: Graph
  /// Scores per image.
  public let classCount: Int
  /// Weights and gradients by name.
  public let parameters: [String: ParameterBuffer]

  private let shapes: [String: ActivationShape]
  private let precision: Precision
  private let answerPrecision: Precision
  private let settings = PassSettings()
  private let resources: EngineResources
  private var programs: [ProgramKey: Program] = [:]
  private var current: Program?

  /// Cores that every call may use.
  var threads: Int32 { Int32(clamping: resources.threads) }

  private struct ProgramKey: Hashable {
    let count: Int
    let mode: PassMode
  }

  /// Copies the weights into the engine. `threads` is how many cores every call may use,
  /// `precision` how training passes store activations, `answerPrecision` how inference does; all
  /// other passes use 32-bit floats. Without `allowsWinograd`, 3x3 convolutions are computed term
  /// by term: up to 2.5 times slower, and with about a tenth of the rounding, for comparisons with
  /// other programs. Throws `graph` for weights that do not fit, `unsupportedPrecision` where the
  /// processor lacks it, and oneDNN's failures.
  public convenience init(
    graph: Graph, weights: Weights, threads: Int, precision: Precision = .f32,
    answerPrecision: Precision = .f32, allowsWinograd: Bool = true
  ) throws(TrainingError) {
    try self.init(
      graph: graph, weights: weights, threads: threads, precision: precision,
      answerPrecision: answerPrecision, allowsWinograd: allowsWinograd, pins: [:])
  }

  /// The same with values that passes with gradients put in place of what convolutions computed.
  package init(
    graph: Graph, weights: Weights, threads: Int, precision: Precision = .f32,
    answerPrecision: Precision = .f32, allowsWinograd: Bool = true, pins: [String: [PinnedValue]]
  ) throws(TrainingError) {
    do {
      shapes = try graph.shapes()
      try graph.validate(weights)
    } catch {
      throw .graph(error)
    }
    self.graph = graph
    for asked in [precision, answerPrecision] where !asked.isSupported {
      throw .unsupportedPrecision(asked)
    }
    self.precision = precision
    self.answerPrecision = answerPrecision
    classCount = shapes[graph.output]?.count ?? 0
    let context = try OneDNNContext()
    resources = EngineResources(
      context: context, pool: BufferPool(), weightCopies: WeightCopies(context: context),
      threads: max(1, threads), allowsWinograd: allowsWinograd, pins: pins)
    var parameters: [String: ParameterBuffer] = [:]
    for parameter in graph.parameters() {
      guard let tensor = weights[parameter.name] else {
        throw .graph(.missingWeight(parameter.name))
      }
      parameters[parameter.name] = try ParameterBuffer(parameter, tensor: tensor)
    }
    self.parameters = parameters
  }

  /// The weights as they are now.
  public func weights() -> Weights {
    parameters.mapValues { buffer in
      var tensor = Tensor(shape: buffer.parameter.shape, filledWith: 0)
      tensor.values = Array(buffer.values)
      return tensor
    }
  }

  /// Class scores, `count` x classes, of `images` (NCHW, normalised). Throws `invalidInput` unless
  /// there are `count * graph.input.count` values.
  public func forward(_ images: [Float], count: Int, mode: PassMode) throws(TrainingError)
    -> [Float]
  {
    try forward(images, count: count) { () throws(TrainingError) in
      try program(count: count, mode: mode)
    }
  }

  private func forward(
    _ images: [Float], count: Int, program: () throws(TrainingError) -> Program
  ) throws(TrainingError) -> [Float] {
    guard count > 0, images.count == count * graph.input.count else {
      throw .invalidInput(
        "\(images.count) values do not make \(count) images of \(graph.input)")
    }
    // Primitives size their scratchpads for the thread count they are made under.
    omp_set_num_threads(threads)
    let program = try program()
    // A pass that fails leaves nothing that could be differentiated.
    current = nil
    _ = program.input.buffer.floats.update(fromContentsOf: images)
    try program.forward()
    current = program
    return Array(program.output.buffer.floats[..<(count * classCount)])
  }

  /// Shares of activations that are not zero where convolutions and linear layers read them, in an
  /// inference pass over `count` images (NCHW, normalised): what an accelerator that skips zeros of
  /// activations can save. 0…1 by node name. Throws `invalidInput` as `forward` does.
  public func activationDensities(_ images: [Float], count: Int) throws(TrainingError)
    -> [String: Double]
  {
    var nonzero: [String: Int] = [:]
    let compiler = compiler(count: count, mode: .inference, precision: .f32)
    compiler.onRead = { nonzero[$0] = $1 }
    _ = try forward(images, count: count) { () throws(TrainingError) in try compiler.compile() }
    var densities: [String: Double] = [:]
    for node in graph.nodes {
      guard let found = nonzero[node.name], let read = node.inputs.first else { continue }
      densities[node.name] = Double(found) / Double(count * (shapes[read]?.count ?? 1))
    }
    current = nil
    return densities
  }

  /// Replaces batch norm's running statistics by the plain mean over batches: what they should be
  /// for the weights as they are now. What `next` throws ends the estimate.
  public func estimateStatistics(batches: Int, next: () throws -> Batch) throws {
    defer { settings.statisticsMomentum = PassSettings().statisticsMomentum }
    for seen in 0..<max(0, batches) {
      let batch = try next()
      settings.statisticsMomentum = 1 / Float(seen + 1)
      _ = try forward(batch.images, count: batch.count, mode: .estimation)
    }
  }

  /// Fills every parameter's gradient from dL/d(scores) of the last forward pass, which must have
  /// been made in a mode with gradients. Once per forward pass: gradients take the memory of the
  /// activations they were computed from.
  public func backward(_ scoreGradient: [Float]) throws(TrainingError) {
    guard let program = current, let target = program.outputGradient else {
      throw .invalidInput(
        "every backward pass needs a forward pass of its own in a mode with gradients")
    }
    guard scoreGradient.count == target.descriptor.valueCount else {
      throw .invalidInput(
        "\(scoreGradient.count) gradients for \(target.descriptor.valueCount) scores")
    }
    omp_set_num_threads(threads)
    current = nil
    _ = target.buffer.floats.update(fromContentsOf: scoreGradient)
    try program.backward()
  }

  private func program(count: Int, mode: PassMode) throws(TrainingError) -> Program {
    let key = ProgramKey(count: count, mode: mode)
    if let program = programs[key] { return program }
    let program = try compiler(count: count, mode: mode, precision: precision(of: mode)).compile()
    programs[key] = program
    return program
  }

  private func compiler(count: Int, mode: PassMode, precision: Precision) -> ProgramCompiler {
    ProgramCompiler(
      graph: graph, shapes: shapes, parameters: parameters, count: count, mode: mode,
      precision: precision, settings: settings, resources: resources)
  }

  private func precision(of mode: PassMode) -> Precision {
    switch mode {
    case .training: precision
    case .inference: answerPrecision
    default: .f32
    }
  }
}
