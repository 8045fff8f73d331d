/// Why a model card cannot be run again.
public enum CardError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The card is not one, or lacks something; `field` nil means the whole.
  case malformed(field: String?, reason: String)
  /// The universal model is another than the card's.
  case otherModel(name: String, expected: String, found: String)
  /// The data set is another than the card's.
  case otherData(name: String, expected: String, found: String)

  /// A stable identifier of the failure.
  public var code: String {
    switch self {
    case .malformed: "malformed_card"
    case .otherModel: "other_model"
    case .otherData: "other_data"
    }
  }

  /// One sentence for a person.
  public var description: String {
    switch self {
    case .malformed(let field, let reason):
      "the model card\(field.map { "'s '\($0)'" } ?? "") \(reason)"
    case .otherModel(let name, let expected, let found):
      "the card was made from the universal model '\(name)' with sha256 \(expected); the model "
        + "given has \(found)"
    case .otherData(let name, let expected, let found):
      "the card was made with the data set '\(name)' with sha256 \(expected); the data given have "
        + "\(found): classes, images or their order differ"
    }
  }
}
