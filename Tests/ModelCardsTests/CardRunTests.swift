import ClassWeights
import Foundation
import Latency
import ModelCards
import ModelFormats
import Pruning
import ServiceAPI
import Tailoring
import TestSupport
import Testing

@Suite struct CardRunTests {
  private static let modelDigest = String(repeating: "a", count: 64)

  /// A toy run and its card; the recipe has something in every optional member.
  private struct Made {
    let toy: ToyProblem
    let profile: ClassProfile
    let recipe: PruningRecipe
    let packed: Data
    let card: ModelCard

    init() throws {
      toy = try ToyProblem(trained: true)
      profile = try ClassProfile([
        ClassWeight(name: "middle", weight: 0.1), ClassWeight(name: "top left"),
      ])
      let pattern = try HybridPattern(keep: 2, block: 8, rows: 2)
      var recipe = PruningRecipe(pattern: pattern, target: .milliseconds(1000))
      recipe.device = try DeviceProfile.measure(
        name: "toy", model: toy.model, pattern: pattern, rounds: 2)
      recipe.minAccuracy = 0.2
      recipe.storage = .float16
      recipe.iterations = 1
      recipe.finalEpochs = 1
      recipe.samplesPerClass = 32
      recipe.batchSize = 16
      recipe.saliencyBatches = 1
      recipe.augmentation = .none
      // More than a signed integer holds.
      recipe.seed = UInt64(Int64.max) - 1
      self.recipe = recipe
      let result = try Personalization(
        universal: toy.model, universalDigest: CardRunTests.modelDigest, dataset: toy.dataset,
        profile: profile, recipe: recipe, threads: 1
      ).run()
      packed = result.packed
      card = try ModelCard(
        result, profile: profile,
        baseModel: ModelCard.Source(name: "net", sha256: CardRunTests.modelDigest),
        dataset: ModelCard.Source(name: "toy", sha256: toy.dataset.digest.hex), threads: 1,
        latency: .measure(
          dense: result.denseSliced, packed: PackedModel(data: result.packed), rounds: 3),
        generator: "test 1")
    }
  }

  private static let made = Result { try Made() }

  private static func members() throws -> [String: JSONValue] {
    let data = try JSONEncoder().encode(made.get().card)
    guard case .object(let members) = try JSONDecoder().decode(JSONValue.self, from: data) else {
      return [:]
    }
    // JSON values are signed.
    return members.merging(["seed": .integer(3)]) { $1 }
  }

  @Test func cardsSayWhatTheirRunWas() throws {
    let made = try Self.made.get()
    let run = try CardRun(JSONEncoder().encode(made.card))
    #expect(run.profile == made.profile)
    // What the run was left to choose is named.
    #expect(made.recipe.precision == .automatic && run.recipe.precision != .automatic)
    #expect(run.recipe == made.recipe.resolved)
    #expect(run.threads == 1)
    try run.check(model: Self.modelDigest, data: made.toy.dataset.digest.hex)
    let again = try Personalization(
      universal: made.toy.model, universalDigest: Self.modelDigest, dataset: made.toy.dataset,
      profile: run.profile, recipe: run.recipe, threads: run.threads
    ).run()
    #expect(again.packed == made.packed)
  }

  @Test func wrappedCardsAreRead() throws {
    let card = try Self.made.get().card
    let wrapped = try JSONEncoder().encode(["card": card])
    #expect(try CardRun(wrapped).recipe == CardRun(JSONEncoder().encode(card)).recipe)
  }

  @Test func otherModelsAndDataAreRefused() throws {
    let made = try Self.made.get()
    let run = try CardRun(JSONEncoder().encode(made.card))
    let other = String(repeating: "b", count: 64)
    let model = #expect(throws: CardError.self) {
      try run.check(model: other, data: made.toy.dataset.digest.hex)
    }
    #expect(model?.code == "other_model")
    let data = #expect(throws: CardError.self) {
      try run.check(model: Self.modelDigest, data: other)
    }
    #expect(data?.code == "other_data")
    for text in ["'toy'", other, try made.toy.dataset.digest.hex] {
      #expect(data?.description.contains(text) == true)
    }
  }

  @Test(arguments: [
    ("object", JSONValue.string("model"), "object"), ("threads", .integer(0), "threads"),
    ("threads", .string("2"), "threads"), ("recipe", .string("fast"), "recipe"),
    ("recipe", .object([:]), "recipe"), ("classes", .null, "classes"),
  ])
  func malformedCardsAreExplained(member: String, value: JSONValue, place: String) throws {
    var members = try Self.members()
    members[member] = value
    let data = try JSONEncoder().encode(JSONValue.object(members))
    let error = #expect(throws: CardError.self) { try CardRun(data) }
    #expect(error?.code == "malformed_card")
    #expect(error?.description.contains("'\(place)'") == true, "\(String(describing: error))")
  }

  @Test func whatCannotRunIsRefused() throws {
    var members = try Self.members()
    guard case .object(var recipe) = members["recipe"] else { return }
    recipe["iterations"] = .integer(0)
    members["recipe"] = .object(recipe)
    let error = #expect(throws: PruningError.self) {
      try CardRun(JSONEncoder().encode(JSONValue.object(members)))
    }
    #expect(error?.code == "invalid_recipe")
    #expect(throws: CardError.self) { try CardRun(Data("[]".utf8)) }
  }

  @Test func cardsNameTheirModelsDigestAndHaveCharts() throws {
    let card = try Self.made.get().card
    #expect(card.sha256?.count == 64)
    #expect(card.charts?.layerDensity.hasPrefix("<svg") == true)
    #expect(card.charts?.accuracy.contains("</svg>") == true)
    #expect(card.iterations?.count == 1)
  }
}
