import Datasets
import NeuralGraph
import Training

/// The phases of a run, in order.
extension PersonalizationRun {
  /// The dense network has converged already: measured, the full rate costs it 2 points in one
  /// epoch, from which pruning would then have to start.
  private static let denseRateShare = 0.1
  /// Batches for batch-norm statistics: enough for the mean to settle.
  static let statisticsBatches = 32

  /// The restricted universal model, then a short dense fine-tuning (Documentation/method.md, step
  /// 2).
  func denseReferences() throws -> References {
    try report(.references, epoch: 0)
    let restricted = try evaluate()
    progress.accuracy = restricted.validation.accuracy
    if recipe.denseEpochs > 0 {
      let optimizer = try SGD(network, weightDecay: Float(recipe.weightDecay))
      try train(
        .dense, optimizer: optimizer, epochs: recipe.denseEpochs,
        schedule: LearningRateSchedule(
          peak: recipe.learningRate * Self.denseRateShare, warmUpSteps: stepsPerEpoch / 2,
          totalSteps: recipe.denseEpochs * stepsPerEpoch))
    }
    let tuned = recipe.denseEpochs > 0 ? try evaluate() : nil
    if let tuned { progress.accuracy = tuned.validation.accuracy }
    return References(restricted: restricted, denseFineTuned: tuned)
  }

  /// One iteration: saliency, N:M, blocks, fine-tuning (Documentation/method.md, step 3).
  /// Afterwards the network holds the learning weights.
  func prune(_ iteration: Int, _ choice: MaskChoice) throws {
    progress.iteration = iteration
    try report(.saliency, epoch: 0)
    let optimizer =
      recipe.method == .channels
      ? try removeChannels(iteration, choice) : try chooseMasks(iteration, choice)
    progress.sparsity = sparsity
    try train(
      .pruning, optimizer: optimizer, epochs: recipe.epochsPerIteration,
      schedule: LearningRateSchedule(
        peak: recipe.learningRate, warmUpSteps: stepsPerEpoch / 4,
        // Never down to zero: what comes next needs a network that still moves.
        totalSteps: 2 * max(1, recipe.epochsPerIteration) * stepsPerEpoch))
    let accuracy = try validate()
    progress.accuracy = accuracy
    iterations.append(
      PersonalizationReport.Iteration(
        iteration: iteration, sparsity: sparsity, validationAccuracy: accuracy))
    optimizer.storeLearningWeights()
  }

  private func chooseMasks(_ iteration: Int, _ choice: MaskChoice) throws -> SGD {
    // The network holds the learning weights between iterations; masks come on again here.
    let optimizer = try optimizer(frozen: !recipe.straightThrough)
    var worth = try estimateWorth(iteration, layers: masks.map(\.layer), optimizer: optimizer)
    if !recipe.straightThrough, iteration > 1 {
      for (index, mask) in masks.enumerated() {
        for (i, isKept) in mask.weights.enumerated() where !isKept { worth[index][i] = 0 }
      }
    }
    let left = clock.time(.masks) { choice.choose(&masks, worth: worth, iteration: iteration) }
    if iteration == recipe.iterations { try choice.checkMet(left: left, masks: masks) }
    masked.set(masks, frozen: !recipe.straightThrough)
    optimizer.project()
    return optimizer
  }

  private func removeChannels(_ iteration: Int, _ choice: MaskChoice) throws -> SGD {
    let worth = try estimateWorth(
      iteration, layers: PrunableLayer.layers(of: network.graph),
      optimizer: try optimizer(frozen: false))
    let smaller = try clock.time(.masks) {
      try ChannelPruning(network.graph, prunable: Set(masks.map(\.layer.name))).pruned(
        weights: network.weights(), worth: worth,
        allowed: Int(choice.limit(after: iteration).rounded(.down)))
    }
    network = try Network(
      graph: smaller.graph, weights: smaller.weights, threads: setup.threads,
      precision: recipe.precision.used)
    return try optimizer(frozen: false)
  }

  /// Frozen masks, the last fine-tuning, batch-norm statistics (Documentation/method.md, step 4).
  /// Returns the epoch whose weights were taken, and their accuracy on the validation split, nil
  /// where that is empty.
  func finish() throws -> (epoch: Int, accuracy: Double?) {
    let optimizer = try optimizer(frozen: true)
    var best: (epoch: Int, accuracy: Double?, weights: Weights)?
    let schedule = LearningRateSchedule(
      peak: recipe.learningRate, warmUpSteps: stepsPerEpoch / 4,
      totalSteps: max(1, recipe.finalEpochs) * stepsPerEpoch)
    // The learning rate falls to zero, so the best epoch is a late one: only the last third is
    // worth its evaluations.
    func consider(_ epoch: Int) throws {
      guard recipe.finalEpochs - epoch < max(1, recipe.finalEpochs / 3) else { return }
      let accuracy = try validate()
      progress.accuracy = accuracy
      // The last epoch where there is no image to choose by.
      if accuracy ?? 0 >= best?.accuracy ?? -1 { best = (epoch, accuracy, network.weights()) }
    }
    if recipe.finalEpochs == 0 { try consider(0) }
    try train(
      .final, optimizer: optimizer, epochs: recipe.finalEpochs, schedule: schedule,
      afterEpoch: consider)
    if let best { load(best.weights) }
    var sampler = try sampler("statistics", augmentation: .none)
    // In batches the engine has a program for.
    let size = recipe.batchSize
    try clock.time(.statistics) {
      try network.estimateStatistics(batches: Self.statisticsBatches) {
        try checkCancellation()
        return try sampler.next(size)
      }
    }
    return (best?.epoch ?? 0, try validate())
  }
}
