import Foundation
import ModelFormats
import NeuralGraph
import Training

/// How fast a machine works off runs of a base model.
///
/// A unit is about the time of one multiply-accumulate: a value that a layer writes counts as many, as
/// memory is slower than arithmetic, and so do every layer of every pass, for what it takes to start
/// it, and every weight of every update.
public struct RunSpeed: Sendable, Hashable {
  /// Units of work a second, above 0.
  public let unitsPerSecond: Double
  /// Whether it was measured.
  public let isMeasured: Bool

  /// A measured speed; values that are not positive and finite become the lowest.
  public init(unitsPerSecond: Double) {
    self.unitsPerSecond = unitsPerSecond.isFinite ? max(1, unitsPerSecond) : 1
    isMeasured = true
  }

  private init(assuming unitsPerSecond: Double) {
    self.unitsPerSecond = unitsPerSecond
    isMeasured = false
  }

  /// What any machine of today reaches: a tenth of what a core with AVX2 does at most (113 GFLOP/s,
  /// measured on Zen 3).
  public static func assumed(threads: Int) -> RunSpeed {
    RunSpeed(assuming: 5e9 * Double(min(max(1, threads), 4)))
  }

  /// Most units of the updates that a measurement makes.
  private static let step = 2e10
  /// Seconds after which it makes no further one.
  private static let patience = 0.5

  /// Measures updates of a model on images of zeros, half a second and at least two of them long. The
  /// batch is as small as the model is large, so that it takes seconds at most.
  /// - Throws: `TrainingError`, `GraphError`; what `checkCancellation` throws.
  public static func measure(
    _ model: DenseModel, precision: Training.Precision = .fastest, threads: Int,
    checkCancellation: () throws -> Void = {}
  ) throws -> RunSpeed {
    let graph = model.description.graph
    var recipe = PruningRecipe(pattern: .standard, sparsity: 0)
    recipe.precision = PrecisionChoice(precision)
    let costs = try PassCosts(graph, recipe: recipe)
    let count = Int(min(64, max(2, step / max(1, costs.update(1)))))
    let network = try Network(
      graph: graph, weights: model.weights, threads: threads, precision: precision)
    let optimizer = try SGD(network)
    let images = [Float](repeating: 0, count: count * graph.input.count)
    let labels = [Int](repeating: 0, count: count)
    func update() throws {
      try checkCancellation()
      let scores = try network.forward(images, count: count, mode: .training)
      try network.backward(
        Loss.crossEntropy(scores, labels: labels, classes: network.classCount).gradient)
      optimizer.step(learningRate: 0)
    }
    // The first compiles the pass.
    try update()
    let start = ContinuousClock.now
    var updates = 0.0
    repeat {
      try update()
      updates += 1
    } while ContinuousClock.now - start < .seconds(patience) && updates < 1000
    let seconds = max((ContinuousClock.now - start) / .seconds(1), 1e-6)
    return RunSpeed(unitsPerSecond: updates * costs.update(Double(count)) / seconds)
  }
}

/// What passes of a network cost, in units.
struct PassCosts {
  /// What a value that a layer writes counts, one that a layer starts, and a weight of an update.
  private static let value = 32.0
  private static let layer = 300_000.0
  private static let weight = 64.0

  private let image: Double
  private let start: Double
  private let weights: Double
  /// Images of an evaluation's batch.
  let evaluationBatch: Double
  /// How much slower 32-bit passes are than those of this processor's fastest precision, and how
  /// much slower the recipe's own are.
  let exact, training: Double

  init(_ graph: Graph, recipe: PruningRecipe) throws(GraphError) {
    let products = try graph.multiplyAccumulates().values.reduce(0) { $0 + Double($1) }
    let values = try graph.shapes().values.reduce(0) { $0 + Double($1.count) }
    image = products + Self.value * values
    start = Self.layer * Double(graph.nodes.count)
    weights = graph.parameters().reduce(0) { sum, parameter in
      sum + parameter.shape.reduce(1) { $0 * Double($1) }
    }
    evaluationBatch = Double(graph.evaluationBatchSize)
    exact = Training.Precision.fastest == .bf16 ? 1.5 : 1
    training = recipe.precision.used == .f32 ? exact : 1
  }

  /// One pass forward of `count` images.
  func forward(_ count: Double) -> Double { count * image + start }

  /// Forward, backward and update.
  func update(_ count: Double) -> Double {
    3 * training * forward(count) + Self.weight * weights
  }
}
