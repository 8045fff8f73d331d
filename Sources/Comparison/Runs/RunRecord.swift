import Foundation
import Pruning
import Training

/// One finished run as a line of `results.jsonl`. Besides the key it says for people what ran.
public struct RunRecord: Sendable, Codable, Hashable {
  /// See `PlannedRun.key`.
  public var key: String
  /// The class profile.
  public var classes: ClassProfile
  /// The recipe.
  public var recipe: PruningRecipe
  /// What came out; nil for a run that failed.
  public var outcome: RunOutcome?
  /// Why it failed; nil for one that did not.
  public var failure: RunFailure?
  /// How long it took, beside others.
  public var seconds: Double

  /// The record of a planned run.
  init(_ run: PlannedRun, _ result: Result<RunOutcome, RunFailure>, seconds: Double) {
    key = run.key
    classes = run.profile
    recipe = run.recipe
    self.seconds = seconds
    switch result {
    case .success(let outcome): self.outcome = outcome
    case .failure(let failure): self.failure = failure
    }
  }
}

/// Why a run failed.
public struct RunFailure: Error, Sendable, Codable, Hashable {
  /// A stable identifier.
  public var code: String
  /// One sentence for a person.
  public var message: String

  /// A failure as given.
  public init(code: String, message: String) {
    self.code = code
    self.message = message
  }
}

/// What a run measured: the part of its report that tables and charts are made from. Nothing here
/// depends on the clock.
public struct RunOutcome: Sendable, Codable, Hashable {
  /// Accuracy on the test split, 0…1, each class as often as the profile says.
  public struct Accuracy: Sendable, Codable, Hashable {
    /// Of the universal model restricted to the classes: the reference.
    public var restricted: Double
    /// Of the same after dense fine-tuning; nil without any.
    public var denseFineTuned: Double?
    /// Of the packed model.
    public var pruned: Double

    package init(restricted: Double, denseFineTuned: Double?, pruned: Double) {
      self.restricted = restricted
      self.denseFineTuned = denseFineTuned
      self.pruned = pruned
    }
  }

  /// A cost before and after.
  public struct Cost: Sendable, Codable, Hashable {
    /// Of the dense model.
    public var dense: Int
    /// Of the packed model; bytes of methods that the file stores with zeros are an estimate, see
    /// `PersonalizationReport.encodedBytes`.
    public var packed: Int

    package init(dense: Int, packed: Int) {
      self.dense = dense
      self.packed = packed
    }
  }

  /// One layer with a matrix.
  public struct Layer: Sendable, Codable, Hashable {
    /// The node's name.
    public var name: String
    /// Whether it took part in pruning.
    public var isPrunable: Bool
    /// Weights left, 0…1.
    public var density: Double

    package init(name: String, isPrunable: Bool, density: Double) {
      self.name = name
      self.isPrunable = isPrunable
      self.density = density
    }
  }

  /// Accuracy on the test split.
  public var accuracy: Accuracy
  /// Of the packed model on the validation split; nil where that is empty.
  public var validationAccuracy: Double?
  /// Test images.
  public var testImages: Int
  /// Zeros per weight over all prunable layers.
  public var sparsity: Double
  /// Zeros per weight over all layers with a matrix.
  public var modelSparsity: Double
  /// Sizes of the files.
  public var bytes: Cost
  /// Multiply-accumulates of one image.
  public var multiplyAccumulates: Cost
  /// Every layer with a matrix.
  public var layers: [Layer]
  /// The course of the run.
  public var iterations: [PersonalizationReport.Iteration]

  package init(
    accuracy: Accuracy, validationAccuracy: Double?, testImages: Int, sparsity: Double,
    modelSparsity: Double, bytes: Cost, multiplyAccumulates: Cost, layers: [Layer],
    iterations: [PersonalizationReport.Iteration]
  ) {
    self.accuracy = accuracy
    self.validationAccuracy = validationAccuracy
    self.testImages = testImages
    self.sparsity = sparsity
    self.modelSparsity = modelSparsity
    self.bytes = bytes
    self.multiplyAccumulates = multiplyAccumulates
    self.layers = layers
    self.iterations = iterations
  }

  /// Pruned minus restricted, in points.
  public var difference: Double { (accuracy.pruned - accuracy.restricted) * 100 }
}

extension RunOutcome {
  init(_ report: PersonalizationReport, profile: ClassProfile) {
    func accuracy(_ evaluation: Evaluation) -> Double {
      // Classes without a test image have no share in it.
      let measured = zip(profile.distribution, evaluation.perClass)
        .compactMap { weight, share in share.map { (weight: weight, share: $0) } }
      let sum = measured.reduce(0) { $0 + $1.weight * $1.share }
      guard measured.count < evaluation.counts.count else { return sum }
      return sum / max(measured.reduce(0) { $0 + $1.weight }, .leastNormalMagnitude)
    }
    self.accuracy = Accuracy(
      restricted: accuracy(report.references.restricted.test),
      denseFineTuned: report.references.denseFineTuned.map { accuracy($0.test) },
      pruned: accuracy(report.pruned.test))
    validationAccuracy = report.pruned.validation.accuracy
    testImages = report.pruned.test.images
    sparsity = report.globalSparsity
    modelSparsity = report.modelSparsity
    bytes = Cost(dense: report.denseBytes, packed: report.encodedBytes)
    multiplyAccumulates = Cost(
      dense: report.denseMultiplyAccumulates, packed: report.keptMultiplyAccumulates)
    layers = report.layers.map {
      Layer(name: $0.name, isPrunable: $0.treatment.isPrunable, density: 1 - $0.sparsity)
    }
    iterations = report.iterations
  }
}
