import Datasets
import Foundation
import ModelFormats
import NeuralGraph
import Training

/// The state and the phases of one run. Everything random draws from a stream named by phase and
/// iteration, so a resumed run repeats what an uninterrupted one does.
final class PersonalizationRun {
  let setup: Personalization
  let recipe: PruningRecipe
  let sliced: DenseModel
  let loader: BatchLoader
  let network: Network
  private let hooks: Personalization.Hooks
  private let masked: MaskedWeights
  private let teacher: Network?
  private(set) var masks: [LayerMask]
  private(set) var iterations: [PersonalizationReport.Iteration] = []
  private var progress: PersonalizationProgress
  private var stepsDone = 0

  init(_ setup: Personalization, hooks: Personalization.Hooks) throws {
    self.setup = setup
    self.hooks = hooks
    recipe = setup.recipe
    let description = setup.universal.description
    sliced = try setup.universal.sliced(to: setup.profile.indices(in: description.labels))
    loader = try BatchLoader(
      dataset: setup.dataset, classes: setup.profile.names.map { try setup.dataset.classIndex($0) },
      preprocessing: description.preprocessing, decodeThreads: setup.threads)
    let graph = sliced.description.graph
    network = try Network(
      graph: graph, weights: sliced.weights, threads: setup.threads, precision: recipe.precision)
    teacher =
      recipe.distillation > 0
      ? try Network(graph: graph, weights: sliced.weights, threads: setup.threads) : nil
    masked = MaskedWeights(decay: recipe.maskedDecay)
    masks = PrunableLayer.layers(of: graph).filter(\.treatment.isPrunable)
      .map { LayerMask($0, pattern: setup.recipe.pattern) }
    progress = PersonalizationProgress(
      stage: .references, iteration: 0, of: recipe.iterations, epoch: 0, sparsity: 0,
      accuracy: nil, loss: nil, fraction: 0)
  }

  func run(resuming data: Data?) throws -> Personalization.Result {
    let identity = try setup.identity()
    let references: References
    var finished = 0
    if let data {
      let state = try Checkpoint(
        data, identity: identity, graph: network.graph, fresh: masks)
      references = state.references
      finished = state.iteration
      masks = state.masks
      load(state.weights)
      stepsDone = (recipe.denseEpochs + finished * recipe.epochsPerIteration) * stepsPerEpoch
      progress.iteration = finished
      progress.sparsity = sparsity
    } else {
      references = try denseReferences()
    }
    if recipe.sparsity > 0 {
      for iteration in stride(from: finished + 1, through: recipe.iterations, by: 1) {
        try prune(iteration)
        let state = Checkpoint(
          iteration: iteration, weights: network.weights(), masks: masks, references: references)
        try hooks.checkpoint(iteration, state.serialized(identity: identity))
      }
    }
    let finalEpoch = try finish()
    try report(.packing, epoch: 0)
    return try packed(references: references, finalEpoch: finalEpoch)
  }

  // MARK: Phases

  /// The dense network has converged already: measured, the full rate costs it 2 points in one
  /// epoch, from which pruning would then have to start.
  private static let denseRateShare = 0.1

  /// The restricted universal model, then a short dense fine-tuning (crisp.md, step 2).
  private func denseReferences() throws -> References {
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
    let tuned = recipe.denseEpochs > 0 ? try evaluate() : restricted
    progress.accuracy = tuned.validation.accuracy
    return References(restricted: restricted, denseFineTuned: tuned)
  }

  /// One iteration: saliency, N:M, blocks, fine-tuning (crisp.md, step 3). Afterwards the network
  /// holds the learning weights.
  private func prune(_ iteration: Int) throws {
    progress.iteration = iteration
    try report(.saliency, epoch: 0)
    // The network holds the learning weights between iterations; masks come on again here.
    masked.set(masks, frozen: false)
    let optimizer = try SGD(
      network, weightDecay: Float(recipe.weightDecay), projection: masked)
    let saliency = try estimateSaliency(iteration, optimizer: optimizer)
    for index in masks.indices { masks[index].chooseFine(by: saliency[index]) }
    let total = masks.reduce(0) { $0 + $1.layer.matrix.count }
    let allowed = Int((Double(total) * (1 - recipe.sparsity(after: iteration))).rounded(.down))
    let kept = RankColumnAllocation.prune(&masks, saliency: saliency, allowed: allowed)
    if iteration == recipe.iterations, kept > allowed {
      let reach = RankColumnAllocation.reach(masks)
      throw PruningError.sparsityOutOfReach(
        requested: recipe.sparsity, lowest: reach.lowest,
        highest: 1 - Double(kept) / Double(total))
    }
    masked.set(masks, frozen: false)
    optimizer.project()
    progress.sparsity = sparsity

    try train(
      .pruning, optimizer: optimizer, epochs: recipe.epochsPerIteration,
      schedule: LearningRateSchedule(
        peak: recipe.learningRate, warmUpSteps: stepsPerEpoch / 4,
        // Never down to zero: what comes next needs a network that still moves.
        totalSteps: 2 * max(1, recipe.epochsPerIteration) * stepsPerEpoch))
    let accuracy = try network.evaluate(loader, split: .validation).accuracy
    progress.accuracy = accuracy
    iterations.append(
      PersonalizationReport.Iteration(
        iteration: iteration, sparsity: sparsity, validationAccuracy: accuracy))
    optimizer.storeLearningWeights()
  }

  /// Frozen masks, the last fine-tuning, batch-norm statistics (crisp.md, step 4). Returns the
  /// epoch whose weights were taken.
  private func finish() throws -> Int {
    masked.set(masks, frozen: true)
    let optimizer = try SGD(
      network, weightDecay: Float(recipe.weightDecay), projection: masked)
    var best: (epoch: Int, accuracy: Double, weights: Weights)?
    let schedule = LearningRateSchedule(
      peak: recipe.learningRate, warmUpSteps: stepsPerEpoch / 4,
      totalSteps: max(1, recipe.finalEpochs) * stepsPerEpoch)
    // The learning rate falls to zero, so the best epoch is a late one: the first half is not
    // worth its evaluations.
    func consider(_ epoch: Int) throws {
      guard 2 * epoch >= recipe.finalEpochs else { return }
      let accuracy = try network.evaluate(loader, split: .validation).accuracy
      progress.accuracy = accuracy
      if accuracy >= best?.accuracy ?? -1 { best = (epoch, accuracy, network.weights()) }
    }
    if recipe.finalEpochs == 0 { try consider(0) }
    try train(
      .final, optimizer: optimizer, epochs: recipe.finalEpochs, schedule: schedule,
      afterEpoch: consider)
    if let best { load(best.weights) }
    var sampler = try sampler("statistics", augmentation: .none)
    // Enough for the mean to settle, in batches the engine has a program for.
    let size = recipe.batchSize
    var failure: DatasetError?
    try network.estimateStatistics(
      (0..<32).lazy.compactMap { _ -> Batch? in
        do throws(DatasetError) {
          return try sampler.next(size)
        } catch {
          failure = error
          return nil
        }
      })
    if let failure { throw failure }
    return best?.epoch ?? 0
  }

  // MARK: Steps

  /// T per layer in matrix order.
  private func estimateSaliency(_ iteration: Int, optimizer: SGD) throws -> [[Float]] {
    var sampler = try sampler("saliency \(iteration)", augmentation: .none)
    return try Saliency(batches: recipe.saliencyBatches, batchSize: recipe.batchSize).estimate(
      network, layers: masks.map(\.layer), sampler: &sampler,
      learning: { optimizer.learningWeights($0) }, checkCancellation: checkCancellation)
  }

  private func train(
    _ stage: PersonalizationProgress.Stage, optimizer: SGD, epochs: Int,
    schedule: LearningRateSchedule, afterEpoch: (Int) throws -> Void = { _ in }
  ) throws {
    var sampler = try sampler(
      "\(stage.rawValue) \(progress.iteration)", augmentation: recipe.augmentation)
    for epoch in stride(from: 1, through: epochs, by: 1) {
      var lossSum = 0.0
      for step in 0..<stepsPerEpoch {
        try checkCancellation()
        let batch = try sampler.next(recipe.batchSize)
        lossSum += try network.trainingStep(
          batch, optimizer: optimizer,
          learningRate: schedule.rate(at: (epoch - 1) * stepsPerEpoch + step), step: stepsDone,
          adding: { [self] scores, loss throws(TrainingError) in
            try distilled(loss, scores: scores, batch: batch)
          })
        stepsDone += 1
        progress.loss = lossSum / Double(step + 1)
        if step % 8 == 0 { try report(stage, epoch: epoch) }
      }
      try afterEpoch(epoch)
      try report(stage, epoch: epoch)
    }
  }

  /// Mixes in the teacher's opinion of the same images.
  private func distilled(_ loss: Loss, scores: [Float], batch: Batch) throws(TrainingError) -> Loss
  {
    guard let teacher else { return loss }
    let opinion = try teacher.forward(batch.images, count: batch.count, mode: .inference)
    let distance = try Loss.distillation(
      scores, teacher: opinion, classes: network.classCount,
      temperature: Float(recipe.temperature))
    return .mixed(loss, distance, share: recipe.distillation)
  }

  private func sampler(_ purpose: String, augmentation: Augmentation) throws -> ClassSampler {
    try ClassSampler(
      loader: loader, weights: setup.profile.distribution, augmentation: augmentation,
      seed: recipe.seed, stream: purpose)
  }

  private func evaluate() throws -> SplitEvaluations {
    SplitEvaluations(
      validation: try network.evaluate(loader, split: .validation),
      test: try network.evaluate(loader, split: .test))
  }

  private func checkCancellation() throws {
    if try hooks.isCancelled() { throw PruningError.cancelled }
  }

  private func report(_ stage: PersonalizationProgress.Stage, epoch: Int) throws {
    progress.stage = stage
    progress.epoch = epoch
    let iterated = recipe.sparsity > 0 ? recipe.iterations * recipe.epochsPerIteration : 0
    let epochs = recipe.denseEpochs + iterated + recipe.finalEpochs
    progress.fraction = min(1, Double(stepsDone) / Double(max(1, epochs * stepsPerEpoch)))
    try hooks.progress(progress)
  }

  // MARK: State

  private var stepsPerEpoch: Int {
    max(1, recipe.samplesPerClass * loader.classCount / recipe.batchSize)
  }

  /// Zeros per weight over all prunable layers.
  var sparsity: Double {
    let total = masks.reduce(0) { $0 + $1.layer.matrix.count }
    return 1 - Double(masks.reduce(0) { $0 + $1.keptCount }) / Double(max(1, total))
  }

  private func load(_ weights: Weights) {
    for (name, tensor) in weights {
      guard let buffer = network.parameters[name] else { continue }
      _ = buffer.values.update(fromContentsOf: tensor.values)
      buffer.markChanged()
    }
  }
}
