import Comparison
import Foundation
import ModelFormats
import Pruning
import ServiceAPI
import Testing

@Suite struct PlanTests {
  @Test func everyCombinationRunsOnce() throws {
    let plan = try Fixtures.plan([Fixtures.group("a"), Fixtures.group("b")])
    #expect(plan.runs.count == 8)
    #expect(Set(plan.runs.map(\.key)).count == 8)
    #expect(plan.runs.allSatisfy { $0.members.map(\.group) == ["a", "b"] })
    #expect(plan.runs.prefix(4).allSatisfy { $0.recipe.seed == 0 }, "a first look at everything")
    #expect(plan.figures == ["a", "b"])
    #expect(plan.runs[1].recipe.pattern.rows == 4)
    #expect(plan.runs[1].recipe.iterations == 1)
    #expect(Set(plan.runs.map(\.setName)).count == 2)
  }

  @Test func theKeyIsEverythingThatDecides() throws {
    let run = try Fixtures.plan().runs[0]
    func key(
      model: String = "0", data: String = "1", names: [String]? = nil, seed: UInt64 = 0
    ) throws -> String {
      var recipe = run.recipe
      recipe.seed = seed
      return try PlannedRun(
        model: model, data: data, profile: ClassProfile(names: names ?? run.profile.names),
        recipe: recipe, member: run.members[0]
      ).key
    }
    let keys = [
      try key(), try key(model: "2"), try key(data: "2"), try key(seed: 2),
      try key(names: run.profile.names.reversed()),
    ]
    #expect(Set(keys).count == keys.count)
    #expect(try key() == keys[0])
  }

  @Test func randomSetsAreAlwaysTheSame() throws {
    func sets(_ count: Int, seed: UInt64 = 0) throws -> [[String]] {
      var group = Fixtures.group(variants: [Variant("one")])
      group.sets = [.random(size: 3, count: count)]
      group.seeds = [0]
      return try Plan(Suite(setSeed: seed, groups: [group]), material: Fixtures.material())
        .runs.map(\.profile.names)
    }
    let five = try sets(5)
    #expect(Set(five).count == 5)
    #expect(try sets(2) == Array(five.prefix(2)))
    #expect(try sets(5, seed: 1) != five)
    #expect(throws: ComparisonError.self) { try sets(11) }  // of five classes, three: ten
  }

  @Test func thePlanCostsWhatItsRunsCost() throws {
    let plan = try Fixtures.plan()
    let one = try plan.estimate(workers: 1)
    let four = try plan.estimate(workers: 4)
    #expect(one.runs == plan.runs.count && one.runs == 8 && !one.isMeasured)
    #expect(one.steps == four.steps && one.steps > 0)
    #expect(abs(four.seconds - one.seconds / 4) < 1e-6 * one.seconds)
    #expect(four.memoryBytes > one.memoryBytes && four.memoryBytes <= 4 * one.memoryBytes)
    let fast = try plan.estimate(speed: RunSpeed(unitsPerSecond: 1e15), workers: 1)
    #expect(fast.isMeasured && fast.seconds < one.seconds)
    #expect(try plan.estimate(workers: 1000).workers == 8)
  }

  @Test func aVariantMayHaveTargetsOfItsOwn() throws {
    var group = Fixtures.group(variants: [
      Variant("one"), Variant("dense", sparsities: [0]), Variant("both", sparsities: [0, 0.7]),
    ])
    group.seeds = [0]
    group.sets = [.given(Fixtures.entries("middle", "top left"))]
    let runs = try Fixtures.plan([group]).runs
    #expect(runs.map(\.targetSparsity) == [0.7, 0])
    #expect(runs.map(\.variants) == [["one", "both"], ["dense", "both"]])
  }

  /// What is pruned trains in every iteration; the dense network it is compared with trains as long.
  @Test func theDenseNetworkTrainsAsLongAsTheOthers() throws {
    let schedule: [String: JSONValue] = [
      "iterations": .integer(3), "epochs_per_iteration": .integer(2), "final_epochs": .integer(5),
    ]
    var group = Fixtures.group(variants: [
      Variant("one"), Variant("dense", recipe: ["method": .string("dense")], sparsities: [0]),
      Variant(
        "short", recipe: ["method": .string("dense"), "final_epochs": .integer(1)],
        sparsities: [0]),
    ])
    group.seeds = [0]
    group.sets = [.given(Fixtures.entries("middle", "top left"))]
    group.recipe.merge(schedule) { $1 }
    #expect(try Fixtures.plan([group]).runs.map(\.recipe.finalEpochs) == [5, 11, 1])
  }

  /// Before hours of work, not after them.
  @Test func unknownFieldsOfARecipeFailThePlan() throws {
    let error = #expect(throws: PruningError.self) {
      try Fixtures.plan([Fixtures.group(variants: [Variant("x", recipe: ["iteration": .null])])])
    }
    #expect(error?.description.contains("recipe.iteration") == true)
    #expect(throws: PruningError.self) {
      try Fixtures.plan([Fixtures.group(variants: [Variant("x", recipe: ["rows": .null])])])
    }
    #expect(throws: FormatError.self) {
      try Fixtures.plan([Fixtures.group(variants: [Variant("x", recipe: ["rows": .integer(3)])])])
    }
  }

  @Test func oneNameIsOneRecipe() throws {
    var other = Fixtures.group("other")
    other.recipe["iterations"] = .integer(2)
    let error = #expect(throws: ComparisonError.self) {
      try Fixtures.plan([Fixtures.group(), other])
    }
    #expect(error == .ambiguousVariant(name: "one"))
  }

  /// As many updates for two classes as for three need longer epochs.
  @Test func epochsMayDependOnTheNumberOfClasses() throws {
    var (two, three) = (Fixtures.group("two"), Fixtures.group("three"))
    two.sets = [.random(size: 2, count: 1)]
    three.sets = [.random(size: 3, count: 1)]
    two.recipe["samples_per_class"] = .integer(30)
    three.recipe["samples_per_class"] = .integer(20)
    // Two variants and two seeds of each.
    #expect(try Fixtures.plan([two, three]).runs.count == 8)
    three.sets = two.sets
    let error = #expect(throws: ComparisonError.self) { try Fixtures.plan([two, three]) }
    #expect(error == .ambiguousVariant(name: "one"))
  }

  @Test func classesAndNamesAreChecked() throws {
    var group = Fixtures.group()
    group.sets = [.given(Fixtures.entries("middle", "nowhere"))]
    #expect(throws: PruningError.self) { try Fixtures.plan([group]) }
    group = Fixtures.group("../escape")
    #expect(throws: ComparisonError.self) { try Fixtures.plan([group]) }
    group = Fixtures.group(variants: [Variant("one"), Variant("one")])
    #expect(throws: ComparisonError.self) { try Fixtures.plan([group]) }
  }

  @Test func aSparsityOutOfReachIsLeftToItsRun() throws {
    var group = Fixtures.group()
    group.sparsities = [0.7, 0.9999]
    #expect(try Fixtures.plan([group]).runs.count == 16)
  }
}
