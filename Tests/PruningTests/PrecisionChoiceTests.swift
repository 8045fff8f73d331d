import Foundation
import ModelFormats
import Pruning
import Testing
import Training

@Suite struct PrecisionChoiceTests {
  private func recipe() throws -> PruningRecipe {
    PruningRecipe(pattern: try HybridPattern(keep: 2, block: 16), sparsity: 0.9)
  }

  /// The text of a recipe that names nothing is the same on every processor.
  @Test func recipesLeaveItToTheMachineThatRunsThem() throws {
    let text = try CanonicalJSON.text(recipe())
    #expect(text.contains(#""precision":"automatic""#))
    #expect(try recipe().resolved.precision == PrecisionChoice(.fastest))
    #expect(PrecisionChoice.automatic.used == Training.Precision.fastest)
  }

  @Test(arguments: ["f32", "bf16"]) func namedOnesStay(name: String) throws {
    var recipe = try recipe()
    recipe.precision = try #require(PrecisionChoice(rawValue: name))
    #expect(recipe.resolved == recipe)
    #expect(recipe.precision.used.rawValue == name)
  }

  /// What earlier versions stored: first none, which was 32 bits, then the server's choice.
  @Test func storedRecipesAreRead() throws {
    let old: [(String, PrecisionChoice)] = [
      ("", .f32), (#","precision":"bf16""#, .bf16), (#","precision":"f32""#, .f32),
      (#","precision":"automatic""#, .automatic),
    ]
    for (member, expected) in old {
      let pattern = String(
        decoding: try JSONEncoder().encode(HybridPattern(keep: 2, block: 16)), as: UTF8.self)
      let text = #"{"pattern":\#(pattern),"target":{"sparsity":0.9}\#(member)}"#
      let recipe = try JSONDecoder().decode(PruningRecipe.self, from: Data(text.utf8))
      #expect(recipe.precision == expected, "\(text)")
    }
  }

  @Test func unknownOnesAreRefused() throws {
    let error = #expect(throws: PruningError.self) {
      try recipe().overridden(by: Data(#"{"precision": "f16"}"#.utf8))
    }
    #expect(error?.description.contains("automatic, f32, bf16") == true)
  }

  @Test(
    .disabled(if: Training.Precision.bf16.isSupported, "this processor multiplies in bfloat16"))
  func whatTheProcessorLacksIsRefused() throws {
    var recipe = try recipe()
    recipe.precision = .bf16
    #expect(throws: PruningError.self) { try recipe.validate() }
  }
}
