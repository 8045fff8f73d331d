import Datasets
import NeuralGraph

/// Trains a classifier on all classes of a data set: the universal model.
public struct UniversalTraining: Sendable {
  /// What a run needs to be repeated.
  public struct Recipe: Sendable, Hashable, Codable {
    /// Passes over the training split.
    public var epochs = 20
    /// Images per step.
    public var batchSize = 128
    /// Highest learning rate.
    public var learningRate = 0.1
    /// λ of the weight decay.
    public var weightDecay = 5e-4
    /// Share of the steps spent on the linear rise.
    public var warmUpShare = 0.05
    /// Changes to training images.
    public var augmentation = Augmentation.small
    /// How training passes compute.
    public var precision = Precision.f32
    /// Seed of weights, order and augmentation.
    public var seed: UInt64 = 0

    /// The defaults.
    public init() {}

    private enum CodingKeys: String, CodingKey {
      case epochs, augmentation, precision, seed
      case batchSize = "batch_size"
      case learningRate = "learning_rate"
      case weightDecay = "weight_decay"
      case warmUpShare = "warm_up_share"
    }
  }

  /// Where a run is.
  public struct Progress: Sendable {
    /// Epochs finished or under way, from 1.
    public let epoch: Int
    /// Epochs in all.
    public let epochs: Int
    /// Share of all steps done, 0…1.
    public let fraction: Double
    /// Mean loss since the epoch began.
    public let loss: Double
    /// Validation accuracy, once an epoch has ended.
    public let validationAccuracy: Double?
  }

  /// The weights of the epoch with the best validation accuracy, or of the last where there is no
  /// image to validate with.
  public struct Outcome {
    /// Best weights.
    public let weights: Weights
    /// The epoch they come from.
    public let epoch: Int
    /// Their accuracy on the validation split; nil where it holds no image.
    public let validationAccuracy: Double?
  }

  private let graph: Graph
  /// As it is run: with no larger batches than there are training images.
  public let recipe: Recipe
  private let loader: BatchLoader
  private let threads: Int

  /// A run of `graph`, whose classes are the loader's; batches are cut to the training images.
  public init(graph: Graph, loader: BatchLoader, recipe: Recipe, threads: Int) {
    self.graph = graph
    self.loader = loader
    var cut = recipe
    cut.batchSize = Self.batchSize(
      recipe.batchSize, images: loader.counts(.training).reduce(0, +))
    self.recipe = cut
    self.threads = threads
  }

  /// A batch held to the training images that there are: what it repeats costs memory and teaches
  /// nothing. Two are the least that batch norm can do with.
  package static func batchSize(_ asked: Int, images: Int) -> Int { min(asked, max(2, images)) }

  /// Updates of an epoch.
  public var stepsPerEpoch: Int {
    max(1, loader.counts(.training).reduce(0, +) / max(1, recipe.batchSize))
  }

  /// Trains from fresh weights; `report` is called about fifty times an epoch. Throws `diverged`
  /// when the loss is no longer finite, and errors of the data and the engine.
  public func run(report: (Progress) -> Void) throws -> Outcome {
    let network = try Network(
      graph: graph, weights: graph.initialWeights(seed: recipe.seed), threads: threads,
      precision: recipe.precision)
    let counts = loader.counts(.training)
    let stepsPerEpoch = stepsPerEpoch
    let total = stepsPerEpoch * max(1, recipe.epochs)
    let schedule = LearningRateSchedule(
      peak: recipe.learningRate, warmUpSteps: Int(Double(total) * recipe.warmUpShare),
      totalSteps: total)
    let optimizer = try SGD(network, weightDecay: Float(recipe.weightDecay))
    // Classes weighted by their images: every image once an epoch.
    var sampler = try ClassSampler(
      loader: loader, weights: counts.map(Double.init), augmentation: recipe.augmentation,
      seed: recipe.seed, stream: "universal training")

    var best: Outcome?
    for epoch in 1...max(1, recipe.epochs) {
      var lossSum = 0.0
      for step in 0..<stepsPerEpoch {
        let done = (epoch - 1) * stepsPerEpoch + step
        lossSum += try network.trainingStep(
          try sampler.next(recipe.batchSize), optimizer: optimizer,
          learningRate: schedule.rate(at: done), step: done)
        if step % max(1, stepsPerEpoch / 50) == 0 {
          report(
            Progress(
              epoch: epoch, epochs: recipe.epochs, fraction: Double(done) / Double(total),
              loss: lossSum / Double(step + 1), validationAccuracy: nil))
        }
      }
      let accuracy = try network.evaluate(
        loader, split: .validation, step: epoch * stepsPerEpoch
      ).accuracy
      report(
        Progress(
          epoch: epoch, epochs: recipe.epochs,
          fraction: Double(epoch * stepsPerEpoch) / Double(total),
          loss: lossSum / Double(stepsPerEpoch), validationAccuracy: accuracy))
      let isBest = accuracy.map { $0 > best?.validationAccuracy ?? -1 } ?? true
      if isBest {
        best = Outcome(weights: network.weights(), epoch: epoch, validationAccuracy: accuracy)
      }
    }
    guard let best else { throw TrainingError.diverged(step: total) }
    return best
  }
}

extension Network {
  /// One update on a batch; returns its loss. `extra` may add terms to the cross entropy. Throws
  /// `diverged` when the loss is not finite; no weight has changed then.
  public func trainingStep(
    _ batch: Batch, optimizer: SGD, learningRate: Float, step: Int,
    adding extra: ((_ scores: [Float], Loss) throws(TrainingError) -> Loss)? = nil
  ) throws(TrainingError) -> Double {
    let scores = try forward(batch.images, count: batch.count, mode: .training)
    var loss = try Loss.crossEntropy(scores, labels: batch.labels, classes: classCount)
    if let extra { loss = try extra(scores, loss) }
    guard loss.value.isFinite else { throw .diverged(step: step) }
    try backward(loss.gradient)
    optimizer.step(learningRate: learningRate)
    return loss.value
  }
}
