import Accelerators
import ModelFormats
import Pruning
import TestSupport
import Testing

/// What a description alone tells about a budget.
@Suite struct BudgetReachTests {
  private func check(_ target: PruningTarget, on accelerator: Accelerator? = nil) throws
    -> PruningError?
  {
    var recipe = PruningRecipe(pattern: try HybridPattern(keep: 2, block: 8), target: target)
    recipe.accelerator = accelerator
    let universal = try ToyProblem().model.description
    let classes = try ClassProfile(names: ["middle", "top left"])
    do throws(PruningError) {
      try Personalization.check(recipe, profile: classes, universal: universal)
      return nil
    } catch {
      return error
    }
  }

  @Test func multiplyAccumulatesOutOfReachAreTold() throws {
    guard
      case .targetOutOfReach(let target, let requested, let least) =
        try check(.multiplyAccumulates(1))
    else {
      Issue.record("one multiply-accumulate was accepted")
      return
    }
    #expect(target == "macs")
    #expect(requested == 1)
    // The first layer stays dense: 10 channels, 9 taps, 64 places. Then what 2:4 keeps of the
    // narrowest tile: 90, 180, 10 and 20 columns leave 2 or 4 of them in blocks of 8.
    let conv1 = 10 * 9 * 64
    let block = 3 * 20 * 2 * 16
    let conv2 = 24 * 2 * 16
    let classifier = 2 * 24 * 16 / 2
    #expect(least == Double(conv1 + block + conv2 + classifier))
    #expect(try check(.multiplyAccumulates(Int(least))) == nil)
    #expect(try check(.multiplyAccumulates(Int(least) - 1)) != nil)
  }

  @Test func millisecondsNeedADevice() throws {
    #expect(try check(.milliseconds(1))?.code == "invalid_recipe")
  }

  /// One tile in each block row: the least there is, told beforehand and reached exactly.
  @Test func cyclesAndEnergyOutOfReachAreTold() throws {
    guard
      case .targetOutOfReach(let target, _, let least) = try check(.cycles(1), on: .crisp)
    else {
      Issue.record("one cycle was accepted")
      return
    }
    #expect(target == "cycles")
    #expect(try check(.cycles(Int(least.rounded(.up))), on: .crisp) == nil)
    #expect(try check(.cycles(Int(least.rounded(.up)) - 1), on: .crisp) != nil)
    guard
      case .targetOutOfReach("energy_uj", _, let energy) =
        try check(.microjoules(1e-6), on: .crisp)
    else {
      Issue.record("a picojoule was accepted")
      return
    }
    #expect(try check(.microjoules(energy), on: .crisp) == nil)
    #expect(try check(.microjoules(energy * 0.999), on: .crisp) != nil)
    // To a dense design zeros are worth nothing.
    guard case .targetOutOfReach(_, _, let dense) = try check(.cycles(1), on: .tensorCore) else {
      Issue.record("one cycle was accepted")
      return
    }
    #expect(dense > least)
    #expect(try check(.cycles(1000))?.code == "invalid_recipe")
  }

  @Test func bytesAreLeftToTheRun() throws {
    #expect(try check(.bytes(1)) == nil)
  }
}
