import Foundation
import ModelFormats
import Pruning
import Testing

@Suite struct RecipeOverridesTests {
  private let recipe = PruningRecipe(pattern: .standard, sparsity: 0.9)

  @Test func replacesSingleFields() throws {
    let json =
      #"{"iterations": 8, "learning_rate": 0.5, "augmentation": {"flip": false, "shift": 0}}"#
    let changed = try recipe.overridden(by: Data(json.utf8))
    #expect(changed.iterations == 8)
    #expect(changed.learningRate == 0.5)
    #expect(changed.augmentation == .none)
    #expect(changed.batchSize == recipe.batchSize)
  }

  /// Not the default of recipes that earlier versions stored without the field.
  @Test func nullLeavesAFieldAsItIs() throws {
    var recipe = recipe
    recipe.iterations = 7
    let json = #"{"iterations": null, "precision": null, "augmentation": null, "storage": null}"#
    #expect(try recipe.overridden(by: Data(json.utf8)) == recipe)
  }

  @Test(arguments: [
    (#"{"iteration": 8}"#, "recipe.iteration"), (#"{"sparsity": 0.5}"#, "recipe.sparsity"),
    (#"{"iterations": "8"}"#, "recipe.iterations"), (#"{"iterations": 0}"#, "iterations"),
    (#"{"augmentation": {"flip": 3}}"#, "recipe.augmentation.flip"),
    (#"{"augmentation": {"flip": true, "shift": 0, "crop": 0}}"#, "augmentation.crop"),
    (#"{"target": {"bytes": 1}}"#, "recipe.target"),
    (#"{"min_accuracy": 0.5}"#, "recipe.min_accuracy"), (#"{"device": null}"#, "recipe.device"),
    (#"{"seed": 1}"#, "recipe.seed"), ("[1]", "recipe"),
    ("{", "recipe"), (#"{"batch_size": 1}"#, "batch_size"),
  ])
  func errorsNameTheField(json: String, field: String) {
    let error = #expect(throws: PruningError.self) {
      try recipe.overridden(by: Data(json.utf8))
    }
    guard case .invalidRecipe(let found, _) = error else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    #expect(found == field)
  }

  @Test(arguments: [PruningRecipe.Growth.cubic, .linear])
  func sparsityGrowsToTheTarget(growth: PruningRecipe.Growth) {
    var recipe = recipe
    recipe.growth = growth
    recipe.iterations = 6
    let course = (1...6).map { 0.9 * recipe.share(after: $0) }
    #expect(course.last == 0.9)
    for (a, b) in zip(course, course.dropFirst()) { #expect(a < b) }
    #expect((growth == .cubic) == (course[0] > 0.9 / 6 + 1e-9))
  }
}
