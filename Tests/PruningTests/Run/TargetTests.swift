import Accelerators
import Foundation
import ModelFormats
import Pruning
import Testing

/// Budgets in bytes, multiply-accumulates and milliseconds, and the accuracy floor
/// (Documentation/method.md, "Budgets").
@Suite struct TargetTests {
  private func run(_ target: PruningTarget, _ change: (inout PruningRecipe) -> Void = { _ in })
    throws -> Personalization.Result
  {
    var recipe = try PersonalizationTests.recipe()
    recipe.target = target
    change(&recipe)
    return try PersonalizationTests.personalization(recipe).run()
  }

  @Test(arguments: ModelFormats.Precision.allCases)
  func bytesAreKeptAndUsed(storage: ModelFormats.Precision) throws {
    let loose = try run(.bytes(1 << 30)) { $0.storage = storage }
    let tight = try run(.sparsity(0.85)) { $0.storage = storage }
    #expect(tight.packed.count < loose.packed.count)
    let wanted = (loose.packed.count + tight.packed.count) / 2
    let result = try run(.bytes(wanted)) { $0.storage = storage }
    #expect(result.packed.count <= wanted)
    // The largest rank column: three block rows of tiles with 32 values, 16 bytes of positions.
    #expect(wanted - result.packed.count <= 3 * (32 * storage.size + 8 + 2) + 512)
    #expect(result.report.packedBytes == result.packed.count)
  }

  @Test func multiplyAccumulatesAreKept() throws {
    let fine = try run(.multiplyAccumulates(1_000_000_000_000_000)).report.keptMultiplyAccumulates
    let least = try run(.sparsity(0.85)).report.keptMultiplyAccumulates
    let wanted = (fine + least) / 2
    let report = try run(.multiplyAccumulates(wanted)).report
    #expect(report.keptMultiplyAccumulates <= wanted)
    #expect(report.keptMultiplyAccumulates > least)
  }

  @Test func millisecondsFollowTheDevicesProfile() throws {
    let fine = try run(.multiplyAccumulates(1_000_000_000_000_000)).report
    // A device on which one layer alone takes time: only its tiles are worth dropping.
    func device(slow: String) throws -> DeviceProfile {
      DeviceProfile(
        name: "toy", processor: "none", threads: 1,
        pattern: try HybridPattern(keep: 2, block: 8), fixed: 1,
        layers: Dictionary(
          uniqueKeysWithValues: fine.layers.filter { $0.treatment == .hybrid }.map {
            ($0.name, DeviceProfile.Layer(perRankColumn: $0.name == slow ? 1 : 0, fixed: 0))
          }))
    }
    let all = try #require(fine.layers.first { $0.name == "block.conv2" }?.tileColumns)
    let profile = try device(slow: "block.conv2")
    let report = try run(.milliseconds(6.5)) { $0.device = profile }.report
    for layer in report.layers where layer.treatment == .hybrid {
      if layer.name == "block.conv2" {
        #expect(all > 5 && layer.tilesPerBlockRow == 5)
      } else {
        #expect(layer.tilesPerBlockRow == layer.tileColumns)
      }
    }
  }

  /// What a run's model costs on its accelerator, estimated anew from what the run says of its layers.
  private func cost(_ result: Personalization.Result, on accelerator: Accelerator) throws
    -> NetworkEstimate.Total
  {
    let layers = Dictionary(
      uniqueKeysWithValues: result.report.layers.map {
        ($0.name, $0.weights(result.recipe.pattern))
      })
    let graph = try PackedModel(data: result.packed).description.graph
    return try NetworkEstimate(
      graph.products(batch: 1) { layers[$0.name] ?? .dense },
      estimator: Estimator(accelerator, energies: .standard())
    ).total
  }

  @Test(arguments: [Accelerator.crisp, .dualSide], [PruningMethod.hybrid, .blocks])
  func cyclesAndEnergyAreKeptAndUsed(accelerator: Accelerator, method: PruningMethod) throws {
    let loose = try run(.cycles(1_000_000_000)) {
      $0.accelerator = accelerator
      $0.method = method
    }
    // Nothing but N:M was needed.
    for layer in loose.report.layers { #expect(layer.tilesPerBlockRow == layer.tileColumns) }
    let tight = try run(.sparsity(method == .blocks ? 0.7 : 0.85)) { $0.method = method }
    let (most, least) = try (cost(loose, on: accelerator), cost(tight, on: accelerator))
    try #require(least.cycles < most.cycles && least.microjoules < most.microjoules)

    let cycles = Int((least.cycles + most.cycles) / 2)
    let byCycles = try run(.cycles(cycles)) {
      $0.accelerator = accelerator
      $0.method = method
    }
    let reached = try cost(byCycles, on: accelerator)
    #expect(reached.cycles <= Double(cycles))
    #expect(reached.cycles > least.cycles, "as little as possible is pruned")

    let energy = (least.microjoules + most.microjoules) / 2
    let byEnergy = try run(.microjoules(energy)) {
      $0.accelerator = accelerator
      $0.method = method
    }
    #expect(try cost(byEnergy, on: accelerator).microjoules <= energy * (1 + 1e-12))
    #expect(try cost(byEnergy, on: accelerator).microjoules > least.microjoules)
  }

  /// A share for every layer with a matrix, and what stands behind a ReLU has zeros.
  @Test func zerosOfActivationsAreCounted() throws {
    let densities = try run(.sparsity(0.8)).report.activationDensities
    #expect(
      densities.keys.sorted() == [
        "block.conv1", "block.conv2", "block.downsample.0", "conv1", "conv2", "fc",
      ])
    #expect(densities.values.allSatisfy { $0 > 0 && $0 <= 1 })
    #expect(try #require(densities["block.conv2"]) < 0.95)
  }

  @Test func whatIsOutOfReachSaysWhatIsNot() throws {
    for target in [PruningTarget.bytes(100), .multiplyAccumulates(10)] {
      let error = #expect(throws: PruningError.self) { try run(target) }
      #expect(error?.code == "target_out_of_reach")
      #expect(error?.description.contains("needs at least") == true)
    }
    for target in [PruningTarget.milliseconds(1), .cycles(1000), .microjoules(1)] {
      let missing = #expect(throws: PruningError.self) { try run(target) }
      #expect(missing?.code == "invalid_recipe", "\(target)")
    }
  }

  @Test func targetsAreOneMemberOfAnObject() throws {
    let targets: [(String, PruningTarget)] = [
      (#"{"sparsity":0.9}"#, .sparsity(0.9)), (#"{"bytes":1000}"#, .bytes(1000)),
      (#"{"macs":5}"#, .multiplyAccumulates(5)), (#"{"latency_ms":0.5}"#, .milliseconds(0.5)),
      (#"{"cycles":7}"#, .cycles(7)), (#"{"energy_uj":0.5}"#, .microjoules(0.5)),
    ]
    for (text, target) in targets {
      #expect(try JSONDecoder().decode(PruningTarget.self, from: Data(text.utf8)) == target)
      #expect(String(decoding: try JSONEncoder().encode(target), as: UTF8.self) == text)
    }
    for text in [#"{}"#, #"{"bytes":1,"macs":2}"#] {
      #expect(throws: DecodingError.self) {
        try JSONDecoder().decode(PruningTarget.self, from: Data(text.utf8))
      }
    }
    // Recipes of earlier versions said only how sparse.
    let former = #"{"pattern":{"keep":2,"of":4,"block":16,"rows":1},"sparsity":0.7}"#
    let recipe = try JSONDecoder().decode(PruningRecipe.self, from: Data(former.utf8))
    #expect(recipe.target == .sparsity(0.7))
    #expect(recipe.accelerator == nil)
  }

  /// Above the floor the last iteration is taken, below it an earlier one, and an impossible floor
  /// fails with the best there was.
  @Test func floorTakesTheSparsestThatMeetsIt() throws {
    let free = try run(.sparsity(0.85))
    #expect(free.report.chosenIteration == 3)
    let met = try run(.sparsity(0.85)) { $0.minAccuracy = 0.34 }
    #expect(met.report.chosenIteration == 3)
    #expect(met.report.pruned == free.report.pruned)

    // Nothing is learnt, and the last iteration keeps next to nothing.
    func hopeless(_ recipe: inout PruningRecipe) {
      recipe.method = .unstructured
      recipe.growth = .linear
      recipe.epochsPerIteration = 0
      recipe.finalEpochs = 0
      recipe.denseEpochs = 0
    }
    let last = try run(.sparsity(0.94), hopeless).report
    #expect(try #require(last.pruned.validation.accuracy) < 0.9, "or this test says nothing")
    let earlier = try run(.sparsity(0.94)) {
      hopeless(&$0)
      $0.minAccuracy = 0.9
    }.report
    #expect(earlier.chosenIteration < 3)
    #expect(earlier.globalSparsity < 0.7)
    #expect(try #require(earlier.pruned.validation.accuracy) >= 0.9)
    do {
      _ = try run(.sparsity(0.97)) {
        hopeless(&$0)
        $0.minAccuracy = 1
        $0.iterations = 1
      }
      Issue.record("a floor of 1 cannot be met")
    } catch let error as PruningError {
      #expect(error.code == "accuracy_out_of_reach")
    }
  }

  @Test func floorSurvivesResumption() throws {
    var recipe = try PersonalizationTests.recipe(sparsity: 0.85)
    recipe.method = .unstructured
    recipe.target = .sparsity(0.94)
    recipe.growth = .linear
    recipe.epochsPerIteration = 0
    recipe.finalEpochs = 0
    // What is learnt differs between processors, and so may who meets the floor.
    recipe.denseEpochs = 0
    recipe.minAccuracy = 0.9
    let personalization = try PersonalizationTests.personalization(recipe)
    var states: [Int: Data] = [:]
    // With and without surroundings that keep the states.
    let whole = try personalization.run(
      hooks: Personalization.Hooks(checkpoint: { states[$0] = $1 }))
    #expect(whole.report.chosenIteration < 3, "or this test says nothing")
    var asked: [Int] = []
    let resumed = try personalization.run(
      resuming: states[3],
      hooks: Personalization.Hooks(earlierCheckpoint: {
        asked.append($0)
        return states[$0]
      }))
    #expect(resumed.packed == whole.packed)
    #expect(resumed.report.chosenIteration == whole.report.chosenIteration)
    // One at a time, and no more than needed.
    #expect(asked == Array((whole.report.chosenIteration..<3).reversed()))
    // Each iteration once: what is written does not grow with the number of iterations.
    let sizes = states.values.map(\.count)
    #expect(try #require(sizes.max()) - #require(sizes.min()) < 1000)
  }
}
