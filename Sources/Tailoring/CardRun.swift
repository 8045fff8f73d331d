import Foundation
import ModelCards
import Pruning
import ServiceAPI

/// The run that a model card describes, to be done again: on the same machine, with the same
/// program, it writes the same bytes.
public struct CardRun: Sendable {
  /// The card.
  public let card: ModelCard
  /// Its classes, as the run was given them.
  public let profile: ClassProfile
  /// Its recipe.
  public let recipe: PruningRecipe
  /// Threads of the run: sums are added up in another order by another number.
  public var threads: Int { card.threads }

  /// Whether a JSON document says that it is a model card.
  public static func isCard(_ document: JSONValue) -> Bool {
    document["object"]?.text == "model.card"
  }

  /// Reads a card, or what `crisp personalize --json` wraps one in. Throws `CardError` on what is
  /// none, `PruningError` on classes or a recipe that cannot be run.
  public init(_ data: Data) throws {
    card = try ModelCard(document: data)
    guard (1...1024).contains(card.threads) else {
      throw CardError.malformed(field: "threads", reason: "must be 1 to 1024")
    }
    profile = try ClassProfile(card.classes)
    guard case .object(var members) = card.recipe else {
      throw CardError.malformed(field: "recipe", reason: "must be an object")
    }
    // The seed stands beside the recipe too, where it has all its bits.
    members["seed"] = .integer(0)
    do {
      var recipe = try JSONDecoder().decode(
        PruningRecipe.self, from: JSONEncoder().encode(JSONValue.object(members)))
      recipe.seed = card.seed
      try recipe.validate()
      self.recipe = recipe
    } catch let error as DecodingError {
      throw CardError.malformed(field: "recipe", reason: "cannot be read: \(CardError.text(error))")
    }
  }

  /// Throws when model or data are not those that the card was made from.
  ///
  /// Both are digests in hexadecimal: of the universal model's file, and the data set's `digest`.
  public func check(model: String, data: String) throws(CardError) {
    guard model == card.baseModel.sha256 else {
      throw .otherModel(
        name: card.baseModel.name, expected: card.baseModel.sha256, found: model)
    }
    guard data == card.dataset.sha256 else {
      throw .otherData(name: card.dataset.name, expected: card.dataset.sha256, found: data)
    }
  }
}
