import ArgumentParser
import Comparison
import Foundation
import Inputs
import ServiceAPI

/// `name={"rows": 4}`: a variant with its changes to the recipe; a standard variant's name alone.
struct VariantArgument: ExpressibleByArgument {
  let variant: Variant

  init?(argument: String) {
    let pieces = argument.split(separator: "=", maxSplits: 1)
    guard let name = pieces.first.map(String.init) else { return nil }
    if pieces.count == 1 {
      guard let known = Variant.standard.first(where: { $0.name == name }) else { return nil }
      variant = known
    } else {
      guard
        case .object(let recipe)? = try? JSONValue(
          json: Array(pieces[1].utf8), limits: .stored)
      else { return nil }
      variant = Variant(name, recipe: recipe)
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
