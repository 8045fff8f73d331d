import ArgumentParser
import Foundation
import Inputs
import ModelCards
import Pruning
import ServiceAPI
import Tailoring

/// What `--recipe` says: single fields, a whole recipe, or the run of a model card.
enum RecipeArgument {
  /// A JSON object of single fields.
  case fields(Data)
  /// A recipe with pattern and target, as `crisp prune --json` prints it.
  case whole(PruningRecipe)
  /// A card: classes, recipe, seed and threads.
  case card(CardRun)

  /// Reads a JSON object, or the file that the argument names.
  init(_ argument: String) throws {
    let isInline = argument.drop(while: \.isWhitespace).hasPrefix("{")
    let data: Data
    if isInline {
      data = Data(argument.utf8)
    } else if let file = FileManager.default.contents(atPath: argument) {
      data = file
    } else {
      throw ValidationError(
        "--recipe: '\(argument)' is neither a JSON object nor a file that can be read.")
    }
    let value: JSONValue
    do throws(JSONFault) {
      value = try JSONValue(json: Array(data), limits: .stored)
    } catch {
      throw ValidationError(
        "--recipe\(isInline ? "" : ": '\(argument)'") cannot be read as JSON: "
          + "\(error.text(in: Array(data))).")
    }
    guard case .object(let members) = value else {
      throw ValidationError(
        isInline
          ? "--recipe is not a JSON object."
          : "--recipe: '\(argument)' does not hold a JSON object.")
    }
    if CardRun.isCard(.object(members)) || members["card"].map(CardRun.isCard) == true {
      self = .card(try CardRun(data))
    } else if members["pattern"] != nil, members["target"] != nil {
      do {
        let base = try JSONDecoder().decode(PruningRecipe.self, from: data)
        try base.validate()
        // Again as single fields, of which none may be unknown.
        self = .whole(
          try base.overridden(
            by: JSONEncoder().encode(
              JSONValue.object(members.filter { !PruningRecipe.elsewhere.contains($0.key) }))))
      } catch is DecodingError {
        throw ValidationError(
          "--recipe has a member of the wrong kind; crisp prune --json prints a recipe.")
      }
    } else {
      self = .fields(data)
    }
  }
}
