import Inputs

/// Why a personalisation cannot start or had to stop. Failures of the engine, the data and the
/// files pass through as the errors of their own rooms.
public enum PruningError: Error, Sendable, CustomStringConvertible {
  /// The profile names no class, or one twice, or a weight is not positive.
  case invalidProfile(reason: String)
  /// A class is not among the model's labels.
  case unknownClasses([UnknownClass])
  /// A recipe's field is out of range.
  case invalidRecipe(field: String, reason: String)
  /// The target lies below what N:M alone prunes, or above what one tile per block row leaves.
  case sparsityOutOfReach(requested: Double, lowest: Double, highest: Double)
  /// A target in another unit lies below what one tile per block row leaves.
  case targetOutOfReach(target: String, requested: Double, least: Double)
  /// No iteration met the accuracy that was asked for; `best` is the highest on the validation
  /// split, `sparsity` the iteration's that had it.
  case accuracyOutOfReach(requested: Double, best: Double, sparsity: Double)
  /// An accuracy floor is asked for, and the data set has no image of these classes to measure it.
  case nothingToValidate(dataset: String)
  /// The model has no classifier at its output that could be sliced, see `Graph.classifier`.
  case noClassifier(output: String)
  /// The model and the data do not belong together.
  case mismatch(reason: String)
  /// The run was asked to stop.
  case cancelled
  /// A checkpoint belongs to another run or is damaged.
  case unusableCheckpoint(reason: String)
  /// The packed file, read back, does not answer like the network it was made from.
  case verificationFailed(relativeError: Float, allowed: Float)
  /// A class that the model does not know, with the nearest known names.
  public struct UnknownClass: Sendable, Hashable {
    /// What was asked for.
    public let name: String
    /// Known names like it, best first.
    public let suggestions: [String]
  }

  /// A stable identifier of the failure.
  public var code: String {
    switch self {
    case .invalidProfile: "invalid_profile"
    case .unknownClasses: "unknown_class"
    case .invalidRecipe: "invalid_recipe"
    case .sparsityOutOfReach: "sparsity_out_of_reach"
    case .targetOutOfReach: "target_out_of_reach"
    case .accuracyOutOfReach: "accuracy_out_of_reach"
    case .nothingToValidate: "nothing_to_validate"
    case .noClassifier: "no_classifier"
    case .mismatch: "model_data_mismatch"
    case .cancelled: "cancelled"
    case .unusableCheckpoint: "unusable_checkpoint"
    case .verificationFailed: "verification_failed"
    }
  }

  /// Unknown classes that the error repeats: the first few, and of long names the beginnings, as
  /// far as an echo goes.
  public var namedClasses: [UnknownClass] {
    guard case .unknownClasses(let unknown) = self else { return [] }
    let named = unknown.prefix(8)
    return named.map {
      UnknownClass(
        name: $0.name.echoed(String.longestEcho / max(1, named.count)), suggestions: $0.suggestions)
    }
  }

  /// One sentence for a person.
  public var description: String {
    switch self {
    case .invalidProfile(let reason): reason
    case .unknownClasses(let unknown):
      namedClasses.map { entry in
        let hint = entry.suggestions.map { "'\($0)'" }.joined(separator: " or ")
        return "the model does not know the class '\(entry.name)'"
          + (hint.isEmpty ? "" : " (did you mean \(hint)?)")
      }.joined(separator: "; ")
        + (unknown.count > namedClasses.count
          ? "; and \(unknown.count - namedClasses.count) more that it does not know" : "")
    case .invalidRecipe(let field, let reason): "'\(field.echoed())' \(reason)"
    case .sparsityOutOfReach(let requested, _, 0):
      "a sparsity of \(rounded(requested)) is out of reach: the method 'dense' prunes nothing; ask for "
        + "a sparsity of 0"
    case .sparsityOutOfReach(let requested, let lowest, let highest) where lowest == highest:
      "a sparsity of \(rounded(requested)) is out of reach: with this method and pattern this model has "
        + "\(rounded(lowest))"
    case .sparsityOutOfReach(let requested, let lowest, let highest):
      "a sparsity of \(rounded(requested)) is out of reach: with this pattern this model can have 0 "
        + "or \(rounded(lowest)) to \(rounded(highest))"
    case .targetOutOfReach(let target, let requested, let least):
      "a target of \(rounded(requested)) for '\(target)' is out of reach: with this pattern this model "
        + "needs at least \(rounded(least))"
    case .accuracyOutOfReach(let requested, let best, let sparsity):
      "no iteration reached an accuracy of \(rounded(requested)) on the validation split; the best had "
        + "\(rounded(best)) at a sparsity of \(rounded(sparsity)): ask for less of one or the other"
    case .nothingToValidate(let dataset):
      "'min_accuracy' is measured on the validation split, and that of '\(dataset)' does not contain "
        + "an image of these classes: a tenth of the training images is set apart from five images a class on; "
        + "leave 'min_accuracy' out, or add images"
    case .noClassifier(let output):
      "the model's output '\(output)' does not come from one linear layer or convolution with an "
        + "output for each class, so that it cannot be cut down to some of them"
    case .mismatch(let reason): reason
    case .cancelled: "the run was cancelled"
    case .unusableCheckpoint(let reason): "the checkpoint cannot be used: \(reason)"
    case .verificationFailed(let error, let allowed):
      "the packed model differs from the network by \(error) (allowed \(allowed))"
    }
  }

  private func rounded(_ share: Double) -> String {
    // Counts are whole; of small times the first digits matter.
    if abs(share) < 1e15, let count = Int(exactly: share) { return "\(count)" }
    return abs(share) < 0.001 ? "\(share)" : "\((share * 10000).rounded() / 10000)"
  }
}
