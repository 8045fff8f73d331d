import Digests
import Foundation
import ModelFormats
import Pruning
import ServiceAPI

/// What decides a job's outcome, in one form for all who ask the same (api.md: one job and one
/// model): classes stand in the base model's label order, weights are shares that sum to 1.
struct JobSpecification {
  let profile: ClassProfile
  let recipe: PruningRecipe

  init(profile: ClassProfile, recipe: PruningRecipe, labels: [String]) throws {
    let indices = try profile.indices(in: labels)
    let shares = profile.distribution
    let ordered = zip(indices, zip(profile.names, shares)).sorted { $0.0 < $1.0 }
    self.profile = try ClassProfile(
      ordered.map { ClassProfile.Entry(name: $0.1.0, weight: $0.1.1) })
    self.recipe = recipe
  }

  /// Reads back what a job row holds.
  init(profile: Data, recipe: Data) throws {
    self.profile = try JSONDecoder().decode(ClassProfile.self, from: profile)
    self.recipe = try JSONDecoder().decode(PruningRecipe.self, from: recipe)
  }

  /// Sorted keys, so that equal values are equal bytes.
  static func encoded(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value)
  }

  /// Identifies the request whoever makes it.
  func fingerprint(baseModel: SHA256Digest, dataset: SHA256Digest) throws -> SHA256Digest {
    var hasher = SHA256()
    hasher.update(Array("crisp-job-1 \(baseModel.hex) \(dataset.hex) ".utf8))
    hasher.update(try Self.encoded(profile))
    hasher.update(try Self.encoded(recipe))
    return hasher.finalize()
  }
}
