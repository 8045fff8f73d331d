import Datasets
import Digests
import Foundation
import ModelFormats
import NeuralGraph
import Training

/// One personalisation: a universal model, a class profile and a recipe become a packed model
/// (Documentation/method.md, "One personalisation run"). The initialiser checks everything that can
/// be checked without work, so that a bad request fails when it is made.
public struct Personalization: Sendable {
  /// What the run tells and asks its surroundings. All are called on the run's thread.
  public struct Hooks {
    /// Asked before every update and before every batch of evaluations, statistics, saliency and
    /// comparisons; true ends the run with `PruningError.cancelled`.
    public var isCancelled: () throws -> Bool
    /// Told after every few steps and at each change of stage.
    public var progress: (PersonalizationProgress) throws -> Void
    /// Given the state after each iteration. A run with an accuracy floor may ask for any of them
    /// again; all other runs only ever go on from the last.
    public var checkpoint: (_ iteration: Int, _ state: Data) throws -> Void
    /// Asked for the state after an earlier iteration; nil when it is not there. Without this, a run
    /// with an accuracy floor keeps its states in a temporary folder.
    public var earlierCheckpoint: ((_ iteration: Int) throws -> Data?)?

    /// Hooks as given; by default nobody listens.
    public init(
      isCancelled: @escaping () throws -> Bool = { false },
      progress: @escaping (PersonalizationProgress) throws -> Void = { _ in },
      checkpoint: @escaping (Int, Data) throws -> Void = { _, _ in },
      earlierCheckpoint: ((Int) throws -> Data?)? = nil
    ) {
      self.isCancelled = isCancelled
      self.progress = progress
      self.checkpoint = checkpoint
      self.earlierCheckpoint = earlierCheckpoint
    }
  }

  /// What a run makes.
  public struct Result: Sendable {
    /// The packed file.
    public let packed: Data
    /// The sliced universal model as a dense file: what the packed one replaces.
    public let denseSliced: DenseModel
    /// What happened and what was measured.
    public var report: PersonalizationReport
    /// The recipe as it was run, what it left to the processor named.
    public let recipe: PruningRecipe
  }

  let universal: DenseModel
  let universalDigest: String
  let dataset: ImageDataset
  let profile: ClassProfile
  /// Where the profile's classes stand in the data set.
  let classes: [Int]
  /// As it is run: what was left to the processor is named, and batches are no larger than there are
  /// training images of the profile's classes.
  public let recipe: PruningRecipe
  let threads: Int

  /// Throws when profile, recipe, model and data do not fit each other.
  ///
  /// `universalDigest` is the sha256 of the universal model's file, for the packed file's header.
  public init(
    universal: DenseModel, universalDigest: String, dataset: ImageDataset, profile: ClassProfile,
    recipe: PruningRecipe, threads: Int
  ) throws {
    try Personalization.check(recipe, profile: profile, universal: universal.description)
    let input = universal.description.graph.input
    // Pictures with sizes of their own are brought to the model's.
    if let shape = dataset.imageShape {
      guard
        input == ActivationShape(channels: shape.channels, height: shape.height, width: shape.width)
      else {
        throw PruningError.mismatch(
          reason: "the model reads \(input) images; '\(dataset.name)' has \(shape)")
      }
    }
    self.universal = universal
    self.universalDigest = universalDigest
    self.dataset = dataset
    self.profile = profile
    classes = try dataset.classIndices(profile.names)
    guard recipe.minAccuracy == nil || dataset.count(.validation, of: classes) > 0 else {
      throw PruningError.nothingToValidate(dataset: dataset.name)
    }
    // Here, not while it runs: a checkpoint in another precision belongs to another run.
    self.recipe = recipe.resolved.cut(toImages: dataset.count(.training, of: classes))
    self.threads = threads
  }

  /// Checks classes and target against a model's description alone, without its data: what an API
  /// can afford to do for every request. Throws `PruningError`: what is wrong with the recipe,
  /// which classes are unknown, or that the target cannot be reached.
  public static func check(
    _ recipe: PruningRecipe, profile: ClassProfile, universal: ModelDescription
  ) throws(PruningError) {
    try recipe.validate()
    let indices = try profile.indices(in: universal.labels)
    guard recipe.target.prunes else { return }
    let masks = PrunableLayer.layers(of: universal.graph).filter(\.treatment.isPrunable)
      .map { layer in
        LayerMask(
          layer.treatment == .fineOnly
            ? PrunableLayer(
              name: layer.name, weightName: layer.weightName,
              matrix: WeightMatrix(
                rows: indices.count, taps: layer.matrix.taps, inChannels: layer.matrix.inChannels),
              treatment: .fineOnly)
            : layer, pattern: recipe.pattern)
      }
    try checkBudget(recipe, masks: masks, universal: universal.graph)
    guard case .sparsity(let sparsity) = recipe.target else { return }
    let reach = RankColumnAllocation.reach(masks, allowsFull: recipe.method == .blocks)
    switch recipe.method {
    case .hybrid, .blocks: break
    case .unstructured, .channels: return
    case .fineOnly:
      // It has the sparsity that it has: the pattern's, but for rows that are no multiple of M.
      guard sparsity > reach.lowest + 0.01 else { return }
      throw .sparsityOutOfReach(
        requested: sparsity, lowest: reach.lowest, highest: reach.lowest)
    case .dense: throw .sparsityOutOfReach(requested: sparsity, lowest: 0, highest: 0)
    }
    guard (reach.lowest...reach.highest).contains(sparsity) else {
      throw .sparsityOutOfReach(
        requested: sparsity, lowest: reach.lowest, highest: reach.highest)
    }
  }

  /// What makes a run this run; a checkpoint of another one is refused.
  func identity() throws -> String {
    var hasher = SHA256()
    hasher.update(Array("\(universalDigest) \(try dataset.digest.hex) ".utf8))
    hasher.update(try CanonicalJSON.data(profile))
    hasher.update(try CanonicalJSON.data(recipe))
    return hasher.finalize().hex
  }

  /// Runs to the end on the calling thread. With a checkpoint of the same run it goes on from there
  /// and ends with the same bytes. Throws `PruningError` (`cancelled` when a hook says so), and
  /// errors of the hooks, the data and the engines.
  public func run(resuming checkpoint: Data? = nil, hooks: Hooks = Hooks()) throws -> Result {
    try PersonalizationRun(self, hooks: hooks).run(resuming: checkpoint)
  }
}
