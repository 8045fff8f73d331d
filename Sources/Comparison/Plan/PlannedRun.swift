import Digests
import Foundation
import ModelFormats
import Pruning

/// One run of a plan. It stands in every group and for every variant that asks for the same.
public struct PlannedRun: Sendable {
  /// Who asked for it.
  public struct Member: Sendable, Hashable {
    /// See `Suite.Group`.
    public let group: String
    /// See `Suite.Group`.
    public let figure: String
    /// The variant's name.
    public let variant: String
  }

  /// SHA-256 over model, data, classes and recipe: equal keys, equal results.
  public let key: String
  /// Classes in the order of the scores.
  public let profile: ClassProfile
  /// Everything else.
  public let recipe: PruningRecipe
  /// Never empty, without duplicates.
  public internal(set) var members: [Member]

  init(
    model: String, data: String, profile: ClassProfile, recipe: PruningRecipe, member: Member
  ) throws {
    let identity = Identity(model: model, data: data, classes: profile, recipe: recipe)
    key = SHA256.digest(of: try CanonicalJSON.data(identity)).hex
    self.profile = profile
    self.recipe = recipe
    members = [member]
  }

  private struct Identity: Encodable {
    let model: String
    let data: String
    let classes: ClassProfile
    let recipe: PruningRecipe
  }

  /// The names of the variants it stands for, without duplicates.
  public var variants: [String] {
    members.reduce(into: []) { if !$0.contains($1.variant) { $0.append($1.variant) } }
  }

  /// A short name of the class set: its classes and weights decide it.
  public var setName: String {
    let digest = (try? CanonicalJSON.data(profile)).map { SHA256.digest(of: $0).hex } ?? ""
    return "k\(profile.entries.count)-\(digest.prefix(8))"
  }

  /// The sparsity asked for.
  public var targetSparsity: Double {
    if case .sparsity(let share) = recipe.target { share } else { 0 }
  }

  /// How much work it is, in images: what the time left is estimated from.
  var cost: Double {
    let pruning = recipe.target.prunes ? recipe.iterations * recipe.epochsPerIteration : 0
    let epochs = 1 + recipe.denseEpochs + pruning + recipe.finalEpochs
    return Double(epochs) * Double(recipe.samplesPerClass) * Double(profile.entries.count)
  }
}
