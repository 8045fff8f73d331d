import Datasets
import Foundation
import ModelFormats
import Pruning
import ServiceAPI

/// A way of pruning that takes part in a comparison: a name and what it changes in the recipe.
public struct Variant: Sendable, Hashable {
  /// What tables and charts call it.
  public var name: String
  /// Members of a recipe, and `keep`, `of`, `block`, `rows` of its pattern.
  public var recipe: [String: JSONValue]
  /// The only targets it is run at; nil takes those asked for.
  public var sparsities: [Double]?

  /// A variant as given.
  public init(_ name: String, recipe: [String: JSONValue] = [:], sparsities: [Double]? = nil) {
    self.name = name
    self.recipe = recipe
    self.sparsities = sparsities
  }

  /// The method and every baseline of Documentation/method.md, under the same budget, schedule and
  /// data. N:M alone has one sparsity, and the dense network has none to choose.
  public static let standard: [Variant] = [
    Variant("hybrid"),
    Variant("unstructured", recipe: ["method": .string("unstructured")]),
    Variant("blocks", recipe: ["method": .string("blocks")]),
    Variant("N:M only", recipe: ["method": .string("fine_only")], sparsities: [0.5]),
    Variant("channels", recipe: ["method": .string("channels")]),
    Variant("magnitude", recipe: ["criterion": .string("magnitude")]),
    Variant("random tiles", recipe: ["tiles": .string("random")]),
    Variant("dense", recipe: ["method": .string("dense")], sparsities: [0]),
  ]

  /// The recipe of one run. `shared` changes it first. All epochs of the dense method are last
  /// ones, unless the variant itself says how many. Throws `invalidRecipe` on fields that this
  /// version does not know, and `invalidPattern`.
  package func recipe(
    shared: [String: JSONValue], sparsity: Double, seed: UInt64, augmentation: Augmentation
  ) throws -> PruningRecipe {
    var changes = shared.merging(recipe) { $1 }
    func number(_ name: String, _ standard: Int) throws -> Int {
      guard let value = changes.removeValue(forKey: name) else { return standard }
      guard case .integer(let number) = value, let result = Int(exactly: number) else {
        throw PruningError.invalidRecipe(field: "recipe.\(name)", reason: "must be a whole number")
      }
      return result
    }
    let standard = HybridPattern.standard
    var result = PruningRecipe(
      pattern: try HybridPattern(
        keep: number("keep", standard.keep), of: number("of", standard.of),
        block: number("block", standard.block), rows: number("rows", standard.rows)),
      sparsity: sparsity)
    result.augmentation = augmentation
    if !changes.isEmpty {
      result = try result.overridden(by: JSONEncoder().encode(JSONValue.object(changes)))
    }
    result.seed = seed
    // The dense network has no iterations; their epochs are last ones, so that it is trained as
    // long as what it is compared with.
    if result.method == .dense, recipe["final_epochs"] == nil {
      result.finalEpochs += result.iterations * result.epochsPerIteration
    }
    try result.validate()
    // Results of several runs are set side by side: all are computed alike, and say how.
    return result.resolved
  }
}
