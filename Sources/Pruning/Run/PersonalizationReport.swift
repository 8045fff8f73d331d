import Foundation
import Training

/// The dense networks a pruned model is compared with (Documentation/method.md, step 2).
public struct References: Sendable, Hashable, Codable {
  /// The universal model, its classifier sliced to the profile: the accuracy reference.
  public var restricted: SplitEvaluations
  /// The same after the dense fine-tuning epochs; nil where the recipe has none.
  public var denseFineTuned: SplitEvaluations?
}

/// How a network did on the two splits that no weight was fitted to.
public struct SplitEvaluations: Sendable, Hashable, Codable {
  /// What epochs are picked by.
  public var validation: Evaluation
  /// What is quoted.
  public var test: Evaluation

  /// Accuracy on the test split: a run ends at its first evaluation when that holds no image.
  public var testAccuracy: Double { test.accuracy ?? 0 }
}

/// What a personalisation did and what it measured.
public struct PersonalizationReport: Sendable, Codable {
  /// One layer with a matrix.
  public struct Layer: Sendable, Codable, Hashable {
    /// The node's name.
    public let name: String
    /// What happened to it, and why it stayed dense if it did.
    public let treatment: LayerTreatment
    /// Output channels x (taps x input channels).
    public let rows: Int
    /// See `rows`.
    public let columns: Int
    /// Weights that are left.
    public let kept: Int
    /// Tiles left in each block row, and all of them; 1 of 1 for dense layers. Nil where the method
    /// knows no tiles.
    public let tilesPerBlockRow: Int?
    /// See `tilesPerBlockRow`.
    public let tileColumns: Int?
    /// Zeros per weight.
    public var sparsity: Double { 1 - Double(kept) / Double(max(1, rows * columns)) }
  }

  /// One finished iteration.
  public struct Iteration: Sendable, Codable, Hashable {
    /// Counted from 1.
    public let iteration: Int
    /// Global sparsity after it.
    public let sparsity: Double
    /// Accuracy on the validation split after its fine-tuning; nil where that is empty.
    public let validationAccuracy: Double?
  }

  /// Class names in the order of the scores.
  public var labels: [String]
  /// The dense networks.
  public var references: References
  /// The packed model, read back and run by the sparse runtime.
  public var pruned: SplitEvaluations
  /// The course of the run; after a resumption only what came since.
  public var iterations: [Iteration]
  /// The iteration that was finished: the last one unless an accuracy floor asked for an earlier.
  public var chosenIteration: Int
  /// The epoch of the final phase whose weights were taken; 0 when there was none.
  public var finalEpoch: Int
  /// Zeros per weight over all prunable layers.
  public var globalSparsity: Double
  /// Zeros per weight over all layers with a matrix.
  public var modelSparsity: Double
  /// Every layer with a matrix.
  public var layers: [Layer]
  /// Multiply-accumulates of one image, before (dense, sliced) and after (kept weights only).
  public var denseMultiplyAccumulates: Int
  /// See `denseMultiplyAccumulates`.
  public var keptMultiplyAccumulates: Int
  /// Bytes of the sliced dense model and of the packed model as files.
  public var denseBytes: Int
  /// See `denseBytes`.
  public var packedBytes: Int
  /// Bytes that the model would take in an encoding made for the method: for the hybrid pattern the
  /// file's own, for blocks and single weights, whose zeros the file stores, an estimate.
  public var encodedBytes: Int
  /// Largest difference between the packed model's scores and those of the masked dense network on
  /// real images, relative to the largest score.
  public var verificationError: Float
  /// Shares of activations that are not zero where layers read them, 0…1 by node name: on a few images of
  /// the validation split or, where that is empty, of the training split.
  public var activationDensities: [String: Double]
  /// Where the time went, in seconds: `training`, `teacher`, `saliency`, `masks`, `evaluation`,
  /// `statistics`, `packing` and `other`. After a resumption only what was done since.
  public var seconds: [String: Double] = [:]
}

/// Where a run is; what a progress bar or an event stream shows.
public struct PersonalizationProgress: Sendable, Hashable, Codable {
  /// The parts of a run, in order.
  public enum Stage: String, Sendable, Hashable, Codable {
    /// The restricted universal model's accuracy, and the teacher.
    case references
    /// Fine-tuning before anything is pruned.
    case dense
    /// Estimating what every weight is worth.
    case saliency
    /// Choosing masks, and fine-tuning under them.
    case pruning
    /// The last fine-tuning, with frozen masks.
    case final
    /// Folding, packing, reading back, comparing and evaluating.
    case packing
  }

  /// The part under way.
  public var stage: Stage
  /// Iteration under way, from 1; 0 before the first.
  public var iteration: Int
  /// Iterations in all.
  public var of: Int
  /// Epoch under way within the stage, from 1.
  public var epoch: Int
  /// Zeros per weight over all prunable layers.
  public var sparsity: Double
  /// Latest accuracy on the validation split.
  public var accuracy: Double?
  /// Mean loss of the latest epoch.
  public var loss: Double?
  /// Share of all training steps done, 0…1.
  public var fraction: Double
}
