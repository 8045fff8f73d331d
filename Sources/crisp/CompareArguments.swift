import ArgumentParser
import Comparison
import Foundation
import Inputs
import ServiceAPI

/// `name={"rows": 4}`: a variant with its changes to the recipe; a standard variant's name alone.
struct VariantArgument {
  let variant: Variant

  init(_ argument: String) throws {
    let pieces = argument.split(separator: "=", maxSplits: 1)
    guard let name = pieces.first.map(String.init) else {
      throw ValidationError("a variant has a name.")
    }
    guard pieces.count == 2 else {
      guard let known = Variant.standard.first(where: { $0.name == name }) else {
        throw ValidationError(
          "there is no standard variant of that name; there are "
            + "\(Variant.standard.map(\.name).joined(separator: ", ")).")
      }
      variant = known
      return
    }
    let json = Array(pieces[1].utf8)
    do throws(JSONFault) {
      guard case .object(let recipe) = try JSONValue(json: json, limits: .stored) else {
        throw JSONFault("an object is missing", offset: 0)
      }
      variant = Variant(name, recipe: recipe)
    } catch {
      throw ValidationError(
        "what follows '\(name)=' cannot be read as JSON: \(error.text(in: json)).")
    }
  }
}

/// `5:3`: three random sets of five classes.
struct RandomSetsArgument: ExpressibleByArgument {
  let sets: Suite.Sets

  init?(argument: String) {
    let pieces = argument.split(separator: ":", omittingEmptySubsequences: false)
    guard pieces.count == 2, let size = Int(pieces[0]), let count = Int(pieces[1]),
      Suite.Sets.sizes.contains(size), Suite.Sets.counts.contains(count)
    else { return nil }
    sets = .random(size: size, count: count)
  }
}
