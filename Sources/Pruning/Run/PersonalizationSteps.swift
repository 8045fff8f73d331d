import Datasets
import NeuralGraph
import Training

/// What the phases of a run are made of.
extension PersonalizationRun {
  /// What moves the weights of a phase. Only what masks cover is masked; channel pruning has none.
  func optimizer(frozen: Bool) throws -> SGD {
    guard recipe.method != .channels else {
      return try SGD(network, weightDecay: Float(recipe.weightDecay))
    }
    masked.set(masks, frozen: frozen)
    return try SGD(network, weightDecay: Float(recipe.weightDecay), projection: masked)
  }

  /// The worth of every weight, per layer in matrix order.
  func estimateWorth(_ iteration: Int, layers: [PrunableLayer], optimizer: SGD) throws -> [[Float]]
  {
    try clock.time(.saliency) { () throws -> [[Float]] in
      guard recipe.criterion == .saliency else {
        return layers.map { layer in
          let weights = optimizer.learningWeights(layer.weightName)
          let sizes = weights.map { $0.prefix(layer.matrix.count).map { abs($0) } } ?? []
          return layer.matrix.fromOIHW(sizes) ?? sizes
        }
      }
      var sampler = try sampler("saliency \(iteration)", augmentation: .none)
      return try Saliency(batches: recipe.saliencyBatches, batchSize: recipe.batchSize).estimate(
        network, classes: loader.classCount, layers: layers, sampler: &sampler,
        learning: { optimizer.learningWeights($0) }, checkCancellation: checkCancellation)
    }
  }

  func train(
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
        let rate = schedule.rate(at: (epoch - 1) * stepsPerEpoch + step)
        lossSum += try clock.time(.training) { () throws(TrainingError) in
          try network.trainingStep(
            batch, optimizer: optimizer, learningRate: rate, step: stepsDone,
            adding: { [self] scores, loss throws(TrainingError) in
              try restricted(loss, scores: scores, batch: batch)
            })
        }
        stepsDone += 1
        progress.loss = lossSum / Double(step + 1)
        if step % 8 == 0 { try report(stage, epoch: epoch) }
      }
      try afterEpoch(epoch)
      try report(stage, epoch: epoch)
    }
  }

  /// The cross entropy of the user's classes, mixed with the teacher's opinion of the same images.
  func restricted(_ loss: Loss, scores: [Float], batch: Batch) throws(TrainingError) -> Loss {
    guard let teacher else { return loss }
    let (classes, all) = (loader.classCount, network.classCount)
    let entropy =
      classes == all
      ? loss
      : try Loss.crossEntropy(
        firstScores(scores, of: all, count: classes), labels: batch.labels, classes: classes
      ).widened(from: classes, to: all)
    let opinion = try clock.time(.teacher) { () throws(TrainingError) in
      try teacher.forward(batch.images, count: batch.count, mode: .inference)
    }
    let distance = try Loss.distillation(
      scores, teacher: opinion, classes: network.classCount,
      temperature: Float(recipe.temperature))
    return .mixed(entropy, distance, share: recipe.distillation)
  }

  func sampler(_ purpose: String, augmentation: Augmentation) throws -> ClassSampler {
    try ClassSampler(
      loader: loader,
      weights: recipe.sampling == .uniform
        ? loader.counts(.training).map { _ in 1 } : setup.profile.distribution,
      augmentation: augmentation,
      seed: recipe.seed, stream: purpose)
  }

  /// Images of the validation split that are looked at, about. It is asked often, and a thousand
  /// tell one choice from another as well as all would.
  static let validationImages = 1000

  /// The first images of each class of a split to look at; nil for all.
  func mostPerClass(_ split: Split) -> Int? {
    split == .validation ? max(1, Self.validationImages / loader.classCount) : nil
  }

  /// Accuracy on the validation split; nil where it holds no image.
  func validate() throws -> Double? {
    try evaluate(.validation).accuracy
  }

  func evaluate() throws -> SplitEvaluations {
    SplitEvaluations(validation: try evaluate(.validation), test: try evaluate(.test))
  }

  /// The test split's accuracies are what a run is for: without an image it has nothing to say.
  func checkMeasured(_ evaluation: Evaluation, _ split: Split) throws(DatasetError) {
    guard split == .test, evaluation.images == 0 else { return }
    throw .nothingToMeasure(name: setup.dataset.name, split: split)
  }

  private func evaluate(_ split: Split) throws -> Evaluation {
    let evaluation = try clock.time(.evaluation) {
      try network.evaluate(
        loader, split: split, mostPerClass: mostPerClass(split), step: stepsDone,
        checkCancellation: checkCancellation)
    }
    try checkMeasured(evaluation, split)
    return evaluation
  }
}
