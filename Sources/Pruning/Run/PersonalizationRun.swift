import Datasets
import Foundation
import ModelFormats
import ModelInputs
import NeuralGraph
import Training

/// The state of one run. Everything random draws from a stream named by phase and iteration, so a
/// resumed run repeats what an uninterrupted one does.
final class PersonalizationRun {
  let setup: Personalization
  let recipe: PruningRecipe
  /// The universal model with the user's classes only.
  let sliced: DenseModel
  /// What is trained: the sliced model, or with a teacher that speaks of all classes the universal
  /// one, the user's classes first.
  private let trained: DenseModel
  let loader: BatchLoader
  /// The network that is being pruned; channel pruning replaces it by a smaller one.
  var network: Network
  let hooks: Personalization.Hooks
  let clock = RunClock()
  let masked: MaskedWeights
  let teacher: Network?
  var masks: [LayerMask]
  var iterations: [PersonalizationReport.Iteration] = []
  var progress: PersonalizationProgress
  var stepsDone = 0
  /// States that an accuracy floor may send the run back to, when its surroundings keep none.
  private var ownStates: StateFolder?

  init(_ setup: Personalization, hooks: Personalization.Hooks) throws {
    self.setup = setup
    self.hooks = hooks
    recipe = setup.recipe
    let description = setup.universal.description
    let classes = try setup.profile.indices(in: description.labels)
    sliced = try setup.universal.sliced(to: classes)
    let listensToAll = recipe.distillation > 0 && recipe.teacherScope == .universal
    trained =
      listensToAll
      ? try setup.universal.sliced(
        to: classes + description.labels.indices.filter { !classes.contains($0) }) : sliced
    loader = try BatchLoader(
      dataset: setup.dataset, classes: setup.classes,
      preprocessing: description.preprocessing, decodeThreads: setup.threads)
    network = try Network(
      graph: trained.description.graph, weights: trained.weights, threads: setup.threads,
      precision: recipe.precision.used)
    // Softened opinions of training images: the recipe's precision is enough for them.
    teacher =
      recipe.distillation > 0
      ? try Network(
        graph: trained.description.graph, weights: trained.weights, threads: setup.threads,
        answerPrecision: recipe.precision.used) : nil
    let graph = sliced.description.graph
    let head = graph.classifier?.layer.weightName ?? ""
    masked = MaskedWeights(
      decay: recipe.maskedDecay,
      uncovered: [
        head: (trained.weights[head]?.values.count ?? 0) - (sliced.weights[head]?.values.count ?? 0)
      ])
    masks = PrunableLayer.layers(of: graph).filter(\.treatment.isPrunable)
      .map { LayerMask($0, pattern: setup.recipe.pattern) }
    progress = PersonalizationProgress(
      stage: .references, iteration: 0, of: recipe.iterations, epoch: 0, sparsity: 0,
      accuracy: nil, loss: nil, fraction: 0)
  }

  func run(resuming data: Data?) throws -> Personalization.Result {
    let identity = try setup.identity()
    // Before the masks are anything but fresh.
    let choice = try MaskChoice(recipe, masks: masks, graph: sliced.description.graph) { masks in
      try packedModel(masks: masks, accuracy: nil).serialized(precision: recipe.storage).count
    }
    let references: References
    if let data {
      let checkpoint = try Checkpoint(reading: data, identity: identity, fresh: masks)
      references = checkpoint.references
      try restore(checkpoint.state)
      stepsDone =
        (recipe.denseEpochs + progress.iteration * recipe.epochsPerIteration) * stepsPerEpoch
    } else {
      references = try denseReferences()
    }
    if recipe.target.prunes {
      for iteration in stride(from: progress.iteration + 1, through: recipe.iterations, by: 1) {
        try prune(iteration, choice)
        // What it came to, before anyone tells of it.
        try report(.pruning, epoch: recipe.epochsPerIteration)
        try save(iteration, references: references, identity: identity)
      }
    }
    let finalEpoch = try finishSparsest(identity: identity)
    try report(.packing, epoch: 0)
    return try packed(references: references, finalEpoch: finalEpoch)
  }

  /// Finishes the last iteration or, when it misses the accuracy floor, the last one before it that
  /// does not (Documentation/method.md, "Budgets"). Returns the epoch whose weights were taken.
  private func finishSparsest(identity: String) throws -> Int {
    var best: (accuracy: Double, sparsity: Double)?
    while true {
      let (epoch, accuracy) = try finish()
      progress.accuracy = accuracy
      guard let floor = recipe.minAccuracy else { return epoch }
      guard let accuracy else { throw PruningError.nothingToValidate(dataset: setup.dataset.name) }
      guard accuracy < floor else { return epoch }
      if accuracy > best?.accuracy ?? -1 { best = (accuracy, sparsity) }
      guard let earlier = try state(before: progress.iteration, identity: identity) else {
        throw PruningError.accuracyOutOfReach(
          requested: floor, best: best?.accuracy ?? 0, sparsity: best?.sparsity ?? 0)
      }
      try restore(earlier)
    }
  }

  // MARK: State

  /// Hands the state to the surroundings and, where an accuracy floor may need it again and they do
  /// not keep it, to a file: states in memory would add up to the size of the network times the
  /// number of iterations.
  private func save(_ iteration: Int, references: References, identity: String) throws {
    let data = try Checkpoint(
      state: Checkpoint.State(
        iteration: iteration, graph: network.graph, weights: network.weights(), masks: masks),
      references: references
    ).serialized(identity: identity)
    if recipe.minAccuracy != nil, hooks.earlierCheckpoint == nil {
      if ownStates == nil { ownStates = try StateFolder() }
      try ownStates?.write(data, iteration: iteration)
    }
    try hooks.checkpoint(iteration, data)
  }

  /// The latest state before an iteration's that is there.
  private func state(before iteration: Int, identity: String) throws -> Checkpoint.State? {
    for earlier in stride(from: iteration - 1, through: 1, by: -1) {
      let data = try hooks.earlierCheckpoint?(earlier) ?? ownStates?.read(iteration: earlier)
      if let data {
        return try Checkpoint(reading: data, identity: identity, fresh: masks).state
      }
    }
    return nil
  }

  var stepsPerEpoch: Int {
    max(1, recipe.samplesPerClass * loader.classCount / recipe.batchSize)
  }

  /// Zeros per weight over all prunable layers of the sliced universal model.
  var sparsity: Double {
    let total = masks.reduce(0) { $0 + $1.layer.matrix.count }
    return 1 - Double(keptCounts.values.reduce(0, +)) / Double(max(1, total))
  }

  /// Weights that are left, by prunable layer.
  var keptCounts: [String: Int] {
    guard recipe.method == .channels else {
      return Dictionary(
        masks.map { ($0.layer.name, $0.keptCount) }, uniquingKeysWith: { first, _ in first })
    }
    // By name: how a layer would be treated depends on its channels, of which some are gone.
    let prunable = Set(masks.map(\.layer.name))
    let others = network.classCount - loader.classCount
    let head = network.graph.classifier?.layer.name
    return Dictionary(
      PrunableLayer.layers(of: network.graph).filter { prunable.contains($0.name) }
        .map { layer in
          let surplus = layer.name == head ? others * layer.matrix.columns : 0
          return (layer.name, layer.matrix.count - surplus)
        }, uniquingKeysWith: { first, _ in first })
  }

  /// The network as it answers the user: without the scores of other classes.
  func answering() throws -> DenseModel {
    do {
      return try DenseModel(
        description: trained.description.with(graph: network.graph), weights: network.weights()
      ).sliced(to: Array(0..<loader.classCount))
    } catch FormatError.graph(.weightNotFinite) {
      // Its own training did it, not a damaged file.
      throw TrainingError.diverged(step: stepsDone)
    }
  }

  private func restore(_ state: Checkpoint.State) throws {
    if state.graph == network.graph {
      load(state.weights)
    } else {
      network = try Network(
        graph: state.graph, weights: state.weights, threads: setup.threads,
        precision: recipe.precision.used)
    }
    masks = state.masks
    progress.iteration = state.iteration
    progress.sparsity = sparsity
  }

  func load(_ weights: Weights) {
    for (name, tensor) in weights {
      guard let buffer = network.parameters[name] else { continue }
      _ = buffer.values.update(fromContentsOf: tensor.values)
      buffer.markChanged()
    }
  }

  func checkCancellation() throws {
    if try hooks.isCancelled() { throw PruningError.cancelled }
  }

  func report(_ stage: PersonalizationProgress.Stage, epoch: Int) throws {
    progress.stage = stage
    progress.epoch = epoch
    let iterated = recipe.target.prunes ? recipe.iterations * recipe.epochsPerIteration : 0
    let epochs = recipe.denseEpochs + iterated + recipe.finalEpochs
    progress.fraction = min(1, Double(stepsDone) / Double(max(1, epochs * stepsPerEpoch)))
    try hooks.progress(progress)
  }
}
