import ClassWeights
import Digests
import Foundation
import ModelFormats
import Pruning
import ServiceAPI

/// What decides a job's outcome, in one form for all who ask the same (Documentation/api.md: one
/// job and one model): classes stand in the base model's label order, weights are shares that sum
/// to 1.
package struct JobSpecification {
  /// Classes in label order.
  package let profile: ClassProfile
  /// How to prune.
  package let recipe: PruningRecipe

  /// The one form of what was asked, for a base model with those labels. Throws `PruningError`.
  package init(profile: ClassProfile, recipe: PruningRecipe, labels: [String]) throws {
    let indices = try profile.indices(in: labels)
    let ordered = zip(indices, profile.entries.map(\.weight)).sorted { $0.0 < $1.0 }
    let shares = Self.shares(ordered.map { $0.1 })
    // The model's spelling: names that Swift calls equal may differ in bytes.
    self.profile = try ClassProfile(
      zip(ordered, shares).map { ClassWeight(name: labels[$0.0.0], weight: $0.1) })
    self.recipe = recipe
  }

  /// Proportional weights, such as 1 and 2 or 0.1 and 0.2, have quotients that differ in their last
  /// bits, so shares have twelve digits.
  private static func shares(_ weights: [Double]) -> [Double] {
    // Relative to the largest, so that the sum of large weights stays finite.
    let largest = weights.max() ?? 1
    let relative = weights.map { $0 / largest }
    let total = relative.reduce(0, +)
    // Rounding must not carry the largest ratio there may be over its bound.
    let least = 1 / total / ClassProfile.largestWeightRatio * (1 + 1e-11)
    // Most profiles have few weights, and digits cost more than the rest of a request.
    var rounded: [Double: Double] = [:]
    return relative.map { weight in
      if let known = rounded[weight] { return known }
      let share = max(weight / total, least)
      let result = Double(String(format: "%.12g", share)) ?? share
      rounded[weight] = result
      return result
    }
  }

  /// Reads back what a job row holds.
  package init(profile: Data, recipe: Data) throws {
    self.profile = try JSONDecoder().decode(ClassProfile.self, from: profile)
    self.recipe = try JSONDecoder().decode(PruningRecipe.self, from: recipe)
  }

  /// What a job row holds of it. Throws `EncodingError`.
  package func documents() throws -> Documents {
    Documents(
      profile: try CanonicalJSON.data(profile), recipe: try CanonicalJSON.data(recipe))
  }

  /// Profile and recipe as canonical JSON.
  package struct Documents {
    /// Classes and shares.
    package let profile: Data
    /// How to prune.
    package let recipe: Data

    /// Identifies the request whoever makes it.
    package func fingerprint(baseModel: SHA256Digest, dataset: SHA256Digest) -> SHA256Digest {
      var hasher = SHA256()
      hasher.update(Array("crisp-job-1 \(baseModel.hex) \(dataset.hex) ".utf8))
      hasher.update(profile)
      hasher.update(recipe)
      return hasher.finalize()
    }
  }
}
