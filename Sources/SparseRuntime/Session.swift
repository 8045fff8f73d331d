import Cores
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

  /// Bytes that the session takes beside the model's own.
  public let memoryBytes: Int
  /// Threads that it has. The caller's works alone for a while where that has turned out to be
  /// quicker, as beside a busy program; no result depends on it.
  public var threads: Int { team.threads }

  private let arena: Arena
  private let steps: [any Step]
  private let stepNodes: [String]
  private let input, output: Place
  private let imagesPerPass: Int
  private let scratch: [Scratch]
  private let team: Team

  /// Prepares a packed model. `instructionSet` nil takes the best one here. `batchCapacity`, 1 to
  /// 65,536, is the most images that go through together, `threads`, 1 to 256, the cores that work
  /// on them; no more are taken than there are (``threads``). Throws `graph` for a network that does not fit its weights, `invalidSetting`,
  /// `unsupportedInstructionSet`, `tooLarge`, `outOfMemory` or `outOfThreads`.
  public convenience init(
    model: PackedModel, batchCapacity: Int, threads: Int = 1,
    instructionSet: InstructionSet? = nil
  ) throws(RuntimeError) {
    try self.init(
      graph: model.description.graph, layers: model.layers, weights: model.dense,
      batchCapacity: batchCapacity, threads: Self.usable(threads), instructionSet: instructionSet)
  }

  /// Prepares a dense model, folding its batch norm. Throws as above.
  public convenience init(
    model: DenseModel, batchCapacity: Int, threads: Int = 1,
    instructionSet: InstructionSet? = nil
  ) throws(RuntimeError) {
    try self.init(
      graph: model.description.graph, weights: model.weights, batchCapacity: batchCapacity,
      threads: threads, instructionSet: instructionSet)
  }

  /// Prepares a dense network, folding its batch norm. Throws as above.
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
      threads: Self.usable(threads), instructionSet: instructionSet)
  }

  /// As many threads as are asked for where there are cores for them: more would wait for each other
  /// many times longer than they compute. What is out of range stays so, to be refused.
  private static func usable(_ threads: Int) -> Int {
    (1...mostThreads).contains(threads) ? Cores.threads(threads) : threads
  }

  /// Prepares a network whose batch norm is folded. `costs` nil takes this processor's. All of
  /// `threads` are made, however few cores there are.
  package init(
    graph: Graph, layers: [String: PackedLayer], weights: Weights, batchCapacity: Int,
    threads: Int, instructionSet: InstructionSet?, costs: CostModel? = nil
  ) throws(RuntimeError) {
    guard (1...Session.largestBatch).contains(batchCapacity) else {
      throw .invalidSetting(
        name: "the batch capacity", value: batchCapacity, allowed: 1...Session.largestBatch)
    }
    guard (1...Session.mostThreads).contains(threads) else {
      throw .invalidSetting(
        name: "the number of threads", value: threads, allowed: 1...Session.mostThreads)
    }
    try InstructionSet.checkLimit()
    let instructionSet = instructionSet ?? .best
    guard let kernels = instructionSet.kernels else {
      throw .unsupportedInstructionSet(instructionSet.rawValue)
    }
    let known: CostModel
    if let costs { known = costs } else { known = try CostCache.model(instructionSet, kernels) }
    let plan = try Planner(
      graph: graph, layers: layers, weights: weights, batchCapacity: batchCapacity,
      kernels: kernels, costs: known)
    guard let input = plan.input, let output = plan.places[plan.output] else {
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
    steps = plan.steps.map(\.step)
    stepNodes = plan.steps.map(\.node)
    self.layers = plan.reports
    var scratch: [Scratch] = []
    for _ in 0..<threads { scratch.append(try Scratch(plan.scratch)) }
    self.scratch = scratch
    team = try Team(threads: threads)
    memoryBytes =
      plan.arena.memoryBytes + plan.stepBytes + scratch.reduce(0) { $0 + $1.memoryBytes }
  }

  /// Answers the scores (logits) of `count` images, [image][class]. `images` are in NCHW order and
  /// normalised already, see `Preprocessing.normalized(pixels:)`. Throws `imageCount` unless
  /// `count` is 1 to `batchCapacity`, `valueCount` unless `images` has `count * inputShape.count`
  /// values.
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

  /// The same, into a buffer of the caller; nothing is allocated. Throws as above, and `valueCount`
  /// unless `scores` has room for `count * classCount`.
  public func run(
    images: UnsafeBufferPointer<Float>, count: Int, scores: UnsafeMutableBufferPointer<Float>
  ) throws(RuntimeError) {
    try run(images: images, count: count, scores: scores, clock: nil)
  }

  private func run(
    images: UnsafeBufferPointer<Float>, count: Int, scores: UnsafeMutableBufferPointer<Float>,
    clock: StepClock?
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
    // The parts of this session's own team share what is read only, and write apart.
    for first in stride(from: 0, to: count, by: imagesPerPass) {
      let images = min(imagesPerPass, count - first)
      let bundles = (images + input.grid.cell - 1) / input.grid.cell
      var task = PassTask(
        bundles: bundles, arena: arena, scratch: scratch, steps: steps, team: team, input: input,
        output: output,
        images: source + first * inputShape.count, scores: target + first * classCount,
        count: images, clock: clock)
      team.run(&task) { context, part, parts in
        context?.assumingMemoryBound(to: PassTask.self).pointee.run(part, of: parts)
      }
    }
  }
}

extension Session {
  /// Runs `count` images `rounds` times and answers the least time that every node took, in order.
  /// Throws what `run` throws; fewer than one round counts as one.
  public func profile(
    images: [Float], count: Int, rounds: Int = 20
  ) throws(RuntimeError) -> [NodeTiming] {
    guard (1...batchCapacity).contains(count) else {
      throw .imageCount(found: count, capacity: batchCapacity)
    }
    var least = [UInt64](repeating: .max, count: steps.count)
    var scores = [Float](repeating: 0, count: count * classCount)
    for _ in 0..<max(1, rounds) {
      let clock = StepClock(steps: steps.count)
      let result = images.withUnsafeBufferPointer { source in
        scores.withUnsafeMutableBufferPointer { target in
          Result { () throws(RuntimeError) in
            try run(images: source, count: count, scores: target, clock: clock)
          }
        }
      }
      try result.get()
      for index in steps.indices { least[index] = min(least[index], clock.nanoseconds[index]) }
    }
    var timings: [NodeTiming] = []
    for (name, time) in zip(stepNodes, least) {
      // A layer with a copy before or behind it has several steps.
      if timings.last?.name == name {
        timings[timings.count - 1].microseconds += Double(time) / 1000
      } else {
        timings.append(
          NodeTiming(
            name: name, microseconds: Double(time) / 1000,
            layer: layers.first { $0.name == name }))
      }
    }
    return timings
  }
}

/// One pass through the network, as all threads see it.
private struct PassTask {
  let bundles: Int
  let arena: Arena
  let scratch: [Scratch]
  let steps: [any Step]
  let team: Team
  let input, output: Place
  let images: UnsafePointer<Float>
  let scores: UnsafeMutablePointer<Float>
  let count: Int
  let clock: StepClock?

  func run(_ part: Int, of parts: Int) {
    let pass = Pass(bundles: bundles, parts: parts, arena: arena, scratch: scratch)
    input.load(images, count: count, channels: pass.share(of: input.channels, part), in: arena)
    team.meet()
    if part == 0 { clock?.start() }
    for (index, step) in steps.enumerated() {
      step.run(pass, part: part)
      team.meet()
      if part == 0 { clock?.tick(index) }
    }
    if part == 0 { output.store(scores, count: count, in: arena) }
  }
}
