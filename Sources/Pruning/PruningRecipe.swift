import Accelerators
import Datasets
import Inputs
import ModelFormats
import Training

/// Everything but model, data and classes that decides a personalisation's outcome. Two runs with
/// equal recipes on the same machine write the same bytes; nothing in it depends on a processor
/// unless it was asked for.
public struct PruningRecipe: Sendable, Hashable, Codable {
  /// How sparsity grows over the iterations.
  public enum Growth: String, Sendable, Hashable, Codable, CaseIterable {
    /// Fast at first, when much is redundant (Zhu and Gupta 2017).
    case cubic
    /// The same step every iteration.
    case linear
  }

  /// N:M, block size and row groups.
  public var pattern: HybridPattern
  /// How small the model shall be.
  public var target: PruningTarget
  /// What is pruned.
  public var method = PruningMethod.hybrid
  /// What a weight's worth is estimated by.
  public var criterion = PruningCriterion.saliency
  /// Which tiles go first.
  public var tiles = TileOrder.scored
  /// What scores of tiles are divided by.
  public var cost = RankColumnCost.target
  /// What scores are held against before layers are compared.
  public var scale = ScoreScale.network
  /// Whether pruned weights of kept tiles go on learning and may come back (B3).
  public var straightThrough = true
  /// How often each class occurs among the samples.
  public var sampling = ClassSampling.profile
  /// Lowest accuracy on the validation split, 0…1, that the model may have: the sparsest iteration
  /// that reaches it is taken. Nil takes the last one.
  public var minAccuracy: Double?
  /// What a kept tile of each layer costs on a device; milliseconds as a target need it.
  public var device: DeviceProfile?
  /// What cycles and microjoules are estimated on, for one image whose operands all come from DRAM in 8
  /// bits; targets in them need it.
  public var accelerator: Accelerator?
  /// n: how many times tiles are dropped.
  public var iterations = 2
  /// δ: epochs of fine-tuning after each of them.
  public var epochsPerIteration = 2
  /// Epochs of dense fine-tuning before the first.
  public var denseEpochs = 0
  /// Epochs with frozen masks at the end.
  public var finalEpochs = 10
  /// Images per class (on average) that make an epoch.
  public var samplesPerClass = 256
  /// Images per update.
  public var batchSize = 64
  /// Highest learning rate.
  public var learningRate = 0.02
  /// λ of the weight decay.
  public var weightDecay = 5e-4
  /// Decay of masked weights (SR-STE, Zhou et al. 2021).
  public var maskedDecay = 2e-4
  /// Share of the loss that follows the teacher, the restricted universal model; 0 is off.
  public var distillation = 0.8
  /// Which classes the teacher speaks of.
  public var teacherScope = TeacherScope.profile
  /// T of the distillation.
  public var temperature = 4.0
  /// How sparsity grows.
  public var growth = Growth.cubic
  /// Batches that saliency is averaged over.
  public var saliencyBatches = 4
  /// Changes to training images.
  public var augmentation = Augmentation.small
  /// How training passes and the teacher compute; saliency and evaluation always use 32-bit floats.
  public var precision = PrecisionChoice.automatic
  /// How the packed file stores weights.
  public var storage = ModelFormats.Precision.float32
  /// Seed of sampling and augmentation.
  public var seed: UInt64 = 0

  enum CodingKeys: String, CodingKey, CaseIterable {
    case pattern, target, method, criterion, tiles, cost, scale
    case straightThrough = "straight_through"
    case sampling
    case minAccuracy = "min_accuracy"
    case device, accelerator, iterations
    case epochsPerIteration = "epochs_per_iteration"
    case denseEpochs = "dense_epochs"
    case finalEpochs = "final_epochs"
    case samplesPerClass = "samples_per_class"
    case batchSize = "batch_size"
    case learningRate = "learning_rate"
    case weightDecay = "weight_decay"
    case maskedDecay = "masked_decay"
    case distillation
    case teacherScope = "teacher_scope"
    case temperature, growth
    case saliencyBatches = "saliency_batches"
    case augmentation, precision, storage, seed
  }

  /// The target's name in recipes of earlier versions, which had no other.
  private enum FormerKeys: String, CodingKey { case sparsity }

  /// The target used where none is asked for.
  public static let defaultSparsity = 0.9

  /// The defaults for a pattern and a target.
  public init(pattern: HybridPattern, target: PruningTarget) {
    self.pattern = pattern
    self.target = target
  }

  /// The defaults for a pattern and a sparsity.
  public init(pattern: HybridPattern, sparsity: Double) {
    self.init(pattern: pattern, target: .sparsity(sparsity))
  }

  /// Decodes; a field that is absent, as in recipes of earlier versions, has its default.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let target =
      try container.decodeIfPresent(PruningTarget.self, forKey: .target)
      ?? .sparsity(
        decoder.container(keyedBy: FormerKeys.self).decode(Double.self, forKey: .sparsity))
    self.init(
      pattern: try container.decode(HybridPattern.self, forKey: .pattern), target: target)
    func read<Value: Decodable>(_ key: CodingKeys, _ value: inout Value) throws {
      value = try container.decodeIfPresent(Value.self, forKey: key) ?? value
    }
    try read(.method, &method)
    try read(.criterion, &criterion)
    try read(.tiles, &tiles)
    try read(.cost, &cost)
    try read(.scale, &scale)
    try read(.straightThrough, &straightThrough)
    try read(.sampling, &sampling)
    minAccuracy = try container.decodeIfPresent(Double.self, forKey: .minAccuracy)
    device = try container.decodeIfPresent(DeviceProfile.self, forKey: .device)
    accelerator = try container.decodeIfPresent(Accelerator.self, forKey: .accelerator)
    try read(.iterations, &iterations)
    try read(.epochsPerIteration, &epochsPerIteration)
    try read(.denseEpochs, &denseEpochs)
    try read(.finalEpochs, &finalEpochs)
    try read(.samplesPerClass, &samplesPerClass)
    try read(.batchSize, &batchSize)
    try read(.learningRate, &learningRate)
    try read(.weightDecay, &weightDecay)
    try read(.maskedDecay, &maskedDecay)
    try read(.distillation, &distillation)
    try read(.teacherScope, &teacherScope)
    try read(.temperature, &temperature)
    try read(.growth, &growth)
    try read(.saliencyBatches, &saliencyBatches)
    try read(.augmentation, &augmentation)
    // Recipes from before there was a choice.
    precision = try container.decodeIfPresent(PrecisionChoice.self, forKey: .precision) ?? .f32
    try read(.storage, &storage)
    try read(.seed, &seed)
  }

  /// The recipe with nothing left to the processor: what a run does, and a card records.
  public var resolved: PruningRecipe {
    var recipe = self
    recipe.precision = PrecisionChoice(precision.used)
    return recipe
  }

  /// The recipe with batches of at most so many images, those that there are to train on.
  func cut(toImages images: Int) -> PruningRecipe {
    var recipe = self
    recipe.batchSize = UniversalTraining.batchSize(batchSize, images: images)
    return recipe
  }

  /// What an accuracy that is asked for may be.
  public static let accuracies = InputRange(above: 0.0, through: 1)
  /// What a seed may be: what databases and JSON readers hold as a whole number.
  public static let seeds = InputRange(0...UInt64(Int64.max))
  /// What each number of epochs may be.
  public static let epochs = InputRange(0...1000)

  /// Throws on the first field that is out of range.
  public func validate() throws(PruningError) {
    func require(_ field: String, _ isValid: Bool, _ reason: String) throws(PruningError) {
      guard isValid else { throw .invalidRecipe(field: field, reason: reason) }
    }
    func check<Value>(_ field: String, _ value: Value, _ range: InputRange<Value>)
      throws(PruningError)
    {
      try require(field, range.contains(value), range.requirement())
    }
    try target.validate()
    if case .milliseconds = target {
      try require(
        "device", device != nil, "must be a device profile when milliseconds are the target")
    }
    if target.needsAccelerator {
      try require(
        "accelerator", accelerator != nil,
        "must be an accelerator's name when cycles or microjoules are the target")
    }
    try device?.validate()
    if let minAccuracy { try check("min_accuracy", minAccuracy, PruningRecipe.accuracies) }
    try require(
      "method", [.hybrid, .blocks].contains(method) || target.isSparsity,
      "'\(method.rawValue)' takes a sparsity as its target only")
    try check("iterations", iterations, InputRange(1...1000))
    try check("epochs_per_iteration", epochsPerIteration, PruningRecipe.epochs)
    try check("dense_epochs", denseEpochs, PruningRecipe.epochs)
    try check("final_epochs", finalEpochs, PruningRecipe.epochs)
    try check("samples_per_class", samplesPerClass, InputRange(1...1_000_000))
    try check("batch_size", batchSize, InputRange(2...65536))
    // 32-bit floats compute with it: what they round to 0 would do something else than it says.
    try check("learning_rate", learningRate, InputRange(1e-9...10))
    try check("weight_decay", weightDecay, InputRange(0...1))
    try check("masked_decay", maskedDecay, InputRange(0...1))
    try check("distillation", distillation, InputRange(0...1))
    // Logits are divided by it, and their exponentials taken.
    try check("temperature", temperature, InputRange(0.01...100))
    try check("saliency_batches", saliencyBatches, InputRange(1...10000))
    if let crop = augmentation.crop { try check("augmentation.crop", crop, InputRange(0.01...1)) }
    try require(
      "precision", precision.used.isSupported,
      "asks for instructions that this processor lacks; use f32"
    )
    if let warp = augmentation.warp {
      try check("augmentation.warp.rotation", warp.rotation, InputRange(0...180))
      try check("augmentation.warp.scale", warp.scale, InputRange(0...0.5))
    }
    try check("augmentation.shift", augmentation.shift, InputRange(0...64))
    try check("seed", seed, PruningRecipe.seeds)
  }

  /// The share of all pruning that is done after iteration p of 1…n: κ_p / κ
  /// (Documentation/method.md, step 3).
  package func share(after iteration: Int) -> Double {
    let remaining = 1 - Double(iteration) / Double(iterations)
    switch growth {
    case .cubic: return 1 - remaining * remaining * remaining
    case .linear: return 1 - remaining
    }
  }
}
