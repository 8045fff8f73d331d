import ModelFormats
import NeuralGraph

/// A model made ready to answer batches of images.
///
/// A session owns its activations, so it runs one batch at a time: it is deliberately not
/// `Sendable`. Make one per thread; the models they are made from can be shared.
public final class Session {
  /// Largest batch that can be planned for.
  public static let largestBatch = 1 << 16
  /// Most threads that one session uses.
  public static let mostThreads = 256

  /// The shape of one image.
  public let inputShape: ActivationShape
  /// Scores of one image.
  public let classCount: Int
  /// Most images of one call.
  public let batchCapacity: Int
  /// What is done for each layer, in order.
  public let layers: [LayerReport]
  /// The kernels that are used.
  public let instructionSet: InstructionSet

  private let arena: Arena
  private let steps: [any Step]
  private let input, output: Place
  private let imagesPerPass: Int

  /// Prepares a packed model. `instructionSet` nil takes the best one here.
  public convenience init(
    model: PackedModel, batchCapacity: Int, threads: Int = 1,
    instructionSet: InstructionSet? = nil
  ) throws(RuntimeError) {
    try self.init(
      graph: model.description.graph, layers: model.layers, weights: model.dense,
      batchCapacity: batchCapacity, threads: threads, instructionSet: instructionSet)
  }

  /// Prepares a dense model, folding its batch norm.
  public convenience init(
    model: DenseModel, batchCapacity: Int, threads: Int = 1,
    instructionSet: InstructionSet? = nil
  ) throws(RuntimeError) {
    try self.init(
      graph: model.description.graph, weights: model.weights, batchCapacity: batchCapacity,
      threads: threads, instructionSet: instructionSet)
  }

  /// Prepares a dense network, folding its batch norm.
  public convenience init(
    graph: Graph, weights: Weights, batchCapacity: Int, threads: Int = 1,
    instructionSet: InstructionSet? = nil
  ) throws(RuntimeError) {
    let folded: (Graph, Weights)
    do {
      folded = try graph.foldingBatchNorm(weights)
    } catch {
      throw .graph(error)
    }
    try self.init(
      graph: folded.0, layers: [:], weights: folded.1, batchCapacity: batchCapacity,
      threads: threads, instructionSet: instructionSet)
  }

  private init(
    graph: Graph, layers: [String: PackedLayer], weights: Weights, batchCapacity: Int,
    threads: Int, instructionSet: InstructionSet?
  ) throws(RuntimeError) {
    guard (1...Session.largestBatch).contains(batchCapacity) else {
      throw .invalidSetting(
        name: "the batch capacity", value: batchCapacity, allowed: 1...Session.largestBatch)
    }
    guard (1...Session.mostThreads).contains(threads) else {
      throw .invalidSetting(
        name: "the number of threads", value: threads, allowed: 1...Session.mostThreads)
    }
    let instructionSet = instructionSet ?? .best
    guard let kernels = instructionSet.kernels else {
      throw .unsupportedInstructionSet(instructionSet.rawValue)
    }
    let plan = try Planner(
      graph: graph, layers: layers, weights: weights, batchCapacity: batchCapacity,
      threads: threads, kernels: kernels)
    guard let input = plan.places[Graph.inputName], let output = plan.places[plan.output] else {
      throw .graph(.unknownOutput(graph.output))
    }
    self.input = input
    self.output = output
    self.instructionSet = instructionSet
    self.batchCapacity = batchCapacity
    inputShape = graph.input
    classCount = output.channels * output.grid.height * output.grid.width
    arena = plan.arena
    imagesPerPass = plan.imagesPerPass
    steps = plan.steps
    self.layers = plan.reports
  }

  /// Answers the scores (logits) of `count` images, [image][class]. `images` are in NCHW order and
  /// normalised already, see `Preprocessing.normalized(pixels:)`.
  public func run(images: [Float], count: Int) throws(RuntimeError) -> [Float] {
    guard (1...batchCapacity).contains(count) else {
      throw .imageCount(found: count, capacity: batchCapacity)
    }
    var scores = [Float](repeating: 0, count: count * classCount)
    let result = images.withUnsafeBufferPointer { source in
      scores.withUnsafeMutableBufferPointer { target in
        Result { () throws(RuntimeError) in
          try run(images: source, count: count, scores: target)
        }
      }
    }
    try result.get()
    return scores
  }

  /// The same, into a buffer of the caller; nothing is allocated.
  public func run(
    images: UnsafeBufferPointer<Float>, count: Int, scores: UnsafeMutableBufferPointer<Float>
  ) throws(RuntimeError) {
    guard (1...batchCapacity).contains(count) else {
      throw .imageCount(found: count, capacity: batchCapacity)
    }
    guard let source = images.baseAddress, images.count == count * inputShape.count else {
      throw .valueCount(expected: count * inputShape.count, found: images.count)
    }
    guard let target = scores.baseAddress, scores.count == count * classCount else {
      throw .valueCount(expected: count * classCount, found: scores.count)
    }
    for first in stride(from: 0, to: count, by: imagesPerPass) {
      let pass = min(imagesPerPass, count - first)
      let bundles = (pass + input.grid.cell - 1) / input.grid.cell
      input.load(source + first * inputShape.count, count: pass, in: arena)
      for step in steps { step.run(bundles: bundles, in: arena) }
      output.store(target + first * classCount, count: pass, in: arena)
    }
  }
}
