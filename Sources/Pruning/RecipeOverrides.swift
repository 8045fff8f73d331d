import Foundation

extension PruningRecipe {
  /// The recipe with single fields replaced by those of a JSON object, for example
  /// `{"iterations": 8, "final_epochs": 10}`. Pattern, target, accuracy floor, device and seed have
  /// their own spelling wherever recipes are asked for, so they are not accepted here. Throws
  /// `invalidRecipe` with the field's name.
  public func overridden(by json: Data) throws(PruningError) -> PruningRecipe {
    let elsewhere: Set = ["pattern", "target", "min_accuracy", "device", "seed"]
    do {
      let encoded = try JSONSerialization.jsonObject(with: JSONEncoder().encode(self))
      guard var members = encoded as? [String: Any] else { return self }
      guard let changes = try JSONSerialization.jsonObject(with: json) as? [String: Any] else {
        throw PruningError.invalidRecipe(field: "recipe", reason: "must be a JSON object")
      }
      for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
        guard CodingKeys(rawValue: name) != nil else {
          throw PruningError.invalidRecipe(field: "recipe.\(name)", reason: "is no known field")
        }
        guard !elsewhere.contains(name) else {
          throw PruningError.invalidRecipe(
            field: "recipe.\(name)", reason: "is given beside the recipe, not in it")
        }
        members[name] = value
      }
      let merged = try JSONSerialization.data(withJSONObject: members)
      let recipe = try JSONDecoder().decode(PruningRecipe.self, from: merged)
      try recipe.validate()
      return recipe
    } catch let error as PruningError {
      throw error
    } catch let error as DecodingError {
      throw .invalidRecipe(
        field: "recipe\(error.fieldPath)", reason: "has a value of the wrong kind")
    } catch {
      throw .invalidRecipe(field: "recipe", reason: "is not JSON")
    }
  }
}

extension DecodingError {
  /// Where in the document the error lies, as `.name` parts.
  fileprivate var fieldPath: String {
    let context: Context? =
      switch self {
      case .typeMismatch(_, let context), .valueNotFound(_, let context),
        .keyNotFound(_, let context), .dataCorrupted(let context):
        context
      @unknown default: nil
      }
    return context?.codingPath.map { ".\($0.stringValue)" }.joined() ?? ""
  }
}
