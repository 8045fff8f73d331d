import Pruning

extension PruningError {
  /// The request's field that is at fault.
  package var requestField: String? {
    switch self {
    case .unknownClasses, .invalidProfile: return "classes"
    case .sparsityOutOfReach: return "target.sparsity"
    case .targetOutOfReach(let target, _, _): return "target.\(target)"
    case .accuracyOutOfReach, .nothingToValidate: return "min_accuracy"
    case .invalidRecipe(let field, _):
      let hasOwnSpelling =
        field.hasPrefix("recipe") || field.hasPrefix("target.")
        || ["min_accuracy", "device", "accelerator"].contains(field)
      return hasOwnSpelling ? field : "recipe.\(field)"
    default: return nil
    }
  }
}
