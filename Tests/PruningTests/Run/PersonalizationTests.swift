import Digests
import Foundation
import ModelFormats
import NeuralGraph
import Pruning
import SparseRuntime
import TestSupport
import Testing
import Training

/// Whole runs on the toy problem, and the traps of the reference code that concern runs (B6 to B9).
@Suite struct PersonalizationTests {
  static let toy: ToyProblem? = {
    do { return try ToyProblem(trained: true) } catch {
      Issue.record("cannot train the toy model: \(error)")
      return nil
    }
  }()

  static func recipe(
    keep: Int = 2, block: Int = 8, rows: Int = 1, sparsity: Double = 0.8, seed: UInt64 = 0
  ) throws -> PruningRecipe {
    var recipe = PruningRecipe(
      pattern: try HybridPattern(keep: keep, block: block, rows: rows), sparsity: sparsity)
    recipe.iterations = 3
    recipe.denseEpochs = 1
    recipe.finalEpochs = 2
    recipe.samplesPerClass = 40
    recipe.batchSize = 20
    recipe.augmentation = .none
    recipe.saliencyBatches = 3
    recipe.seed = seed
    return recipe
  }

  static func personalization(
    _ recipe: PruningRecipe, names: [String] = ["top left", "bottom right", "middle"],
    threads: Int = 1
  ) throws -> Personalization {
    let toy = try #require(Self.toy)
    return try Personalization(
      universal: toy.model, universalDigest: "0", dataset: toy.dataset,
      profile: ClassProfile(names: names), recipe: recipe, threads: threads)
  }

  /// Parts that nest are counted once: together they are the run, as a clock outside sees it.
  @Test func theReportTellsWhereTheTimeWent() throws {
    let personalization = try Self.personalization(Self.recipe())
    let clock = ContinuousClock()
    var seconds: [String: Double] = [:]
    let elapsed = try clock.measure { seconds = try personalization.run().report.seconds }
    #expect(
      Set(seconds.keys) == [
        "training", "teacher", "saliency", "masks", "evaluation", "statistics", "packing", "other",
      ])
    #expect(seconds.values.allSatisfy { $0 >= 0 })
    let total = seconds.values.reduce(0, +)
    #expect(total <= elapsed / .seconds(1))
    #expect(total > 0)
  }

  @Test(arguments: [(1, 8, 1), (2, 8, 4), (2, 16, 2), (3, 8, 1), (2, 32, 1)])
  func patternHoldsInEveryLayer(keep: Int, block: Int, rows: Int) throws {
    // The toy has few tiles; ask for what each pattern can reach.
    let target = ["1/8": 0.85, "2/8": 0.8, "2/16": 0.7, "3/8": 0.6, "2/32": 0.55]
    let sparsity = try #require(target["\(keep)/\(block)"])
    let recipe = try Self.recipe(keep: keep, block: block, rows: rows, sparsity: sparsity)
    let result = try Self.personalization(recipe).run()
    let model = try PackedModel(data: result.packed)
    #expect(
      model.layers.keys.sorted() == [
        "block.conv1", "block.conv2", "block.downsample.0", "conv2", "fc",
      ])
    #expect(model.layers["fc"]?.keptTiles == model.layers["fc"]?.blockColumnCount)
    var kept = 0
    var total = 0
    var largestColumn = 0
    for layer in model.layers.values {
      // Counted from the dense weights, not from the packed structure.
      let values = layer.unpacked()
      let columns = layer.matrix.columns
      for row in 0..<layer.matrix.rows {
        for start in stride(from: 0, to: columns, by: 4) {
          let group = row * columns + start..<row * columns + min(start + 4, columns)
          #expect(values[group].count { $0 != 0 } <= keep)
        }
      }
      kept += layer.keptWeights
      total += layer.matrix.count
      largestColumn = max(largestColumn, layer.matrix.rows * block * keep / 4)
    }
    let allowed = Int(Double(total) * (1 - sparsity))
    #expect(kept <= allowed, "the target is met")
    #expect(allowed - kept < largestColumn, "and by less than one rank column too much")
    #expect(abs(result.report.globalSparsity - (1 - Double(kept) / Double(total))) < 1e-9)
    #expect(result.report.verificationError <= 1e-4)
  }

  @Test func tailoredModelStaysAccurate() throws {
    let report = try Self.personalization(Self.recipe()).run().report
    #expect(report.references.restricted.testAccuracy > 0.9)
    #expect(report.pruned.testAccuracy > 0.9)
    #expect(report.pruned.test.counts == [20, 20, 20])
    #expect(report.iterations.map(\.iteration) == [1, 2, 3])
    #expect(report.packedBytes < report.denseBytes)
  }

  @Test func sameSeedSameBytes() throws {
    let first = try Self.personalization(Self.recipe(seed: 5)).run()
    let second = try Self.personalization(Self.recipe(seed: 5)).run()
    let other = try Self.personalization(Self.recipe(seed: 6)).run()
    #expect(SHA256.digest(of: first.packed) == SHA256.digest(of: second.packed))
    #expect(SHA256.digest(of: first.packed) != SHA256.digest(of: other.packed))
  }

  /// Stopped after any iteration and resumed, a run ends with the bytes of an uninterrupted one.
  @Test func resumedRunEndsTheSame() throws {
    let personalization = try Self.personalization(Self.recipe())
    var states: [Int: Data] = [:]
    let whole = try personalization.run(
      hooks: Personalization.Hooks(checkpoint: { states[$0] = $1 }))
    #expect(states.keys.sorted() == [1, 2, 3])
    for (iteration, state) in states {
      let resumed = try personalization.run(resuming: state)
      let digest = SHA256.digest(of: resumed.packed)
      #expect(digest == SHA256.digest(of: whole.packed), "after iteration \(iteration)")
      #expect(resumed.report.references == whole.report.references)
    }
  }

  @Test func checkpointOfAnotherRunIsRefused() throws {
    var state = Data()
    _ = try Self.personalization(Self.recipe()).run(
      hooks: Personalization.Hooks(checkpoint: { state = $1 }))
    let other = try Self.personalization(Self.recipe(seed: 9))
    #expect(throws: PruningError.self) { try other.run(resuming: state) }
    let damaged = #expect(throws: PruningError.self) {
      try other.run(resuming: state.prefix(100))
    }
    #expect(damaged?.code == "unusable_checkpoint")
  }

  /// A dropped tile never comes back, while the fine mask moves.
  @Test func tilesOnlyDisappear() throws {
    var states: [Data] = []
    _ = try Self.personalization(Self.recipe()).run(
      hooks: Personalization.Hooks(checkpoint: { states.append($1) }))
    let files = try states.map { try SafetensorsFile(data: $0) }
    var fineMoved = false
    for (before, after) in zip(files, files.dropFirst()) {
      let names = before.entries.keys
      #expect(names.contains { $0.hasPrefix("tiles/") })
      for name in names where name.hasPrefix("tiles/") {
        let tiles = zip(try before.unsigned8(name), try after.unsigned8(name))
        for (a, b) in tiles { #expect(b <= a) }
      }
      for name in names where name.hasPrefix("fine/") {
        if try before.unsigned8(name) != after.unsigned8(name) {
          fineMoved = true
        }
      }
    }
    #expect(fineMoved, "straight-through gradients let weights return")
  }

  @Test func cancellationStopsWithinAStep() throws {
    var asked = 0
    let hooks = Personalization.Hooks(isCancelled: {
      asked += 1
      return asked > 4
    })
    let personalization = try Self.personalization(Self.recipe())
    #expect {
      try personalization.run(hooks: hooks)
    } throws: { error in
      if case PruningError.cancelled = error { true } else { false }
    }
    #expect(asked == 5)
  }

  /// Every batch that is computed is asked for first: of updates, saliency, statistics, evaluations
  /// and the comparison of the packed file. Whichever of them meets the cancellation is not computed,
  /// nor is any after it.
  @Test func cancellationInterruptsEverythingThatTakesBatches() throws {
    var recipe = try Self.recipe()
    recipe.iterations = 1
    recipe.epochsPerIteration = 1
    recipe.denseEpochs = 0
    recipe.finalEpochs = 1
    let personalization = try Self.personalization(recipe)
    func run(cancellingAt last: Int) throws -> (asked: Int, stages: [String]) {
      var asked = 0
      var stages: [String] = []
      var stage = ""
      let hooks = Personalization.Hooks(
        isCancelled: {
          asked += 1
          stages.append(stage)
          return asked == last
        }, progress: { stage = $0.stage.rawValue })
      do {
        _ = try personalization.run(hooks: hooks)
      } catch PruningError.cancelled {}
      return (asked, stages)
    }
    let whole = try run(cancellingAt: .max)
    // Two splits of one batch each before; saliency; updates and a validation; the same at the end
    // with statistics and once more the validation; two splits, the activations that are counted and
    // a comparison of the packed file.
    let updates = 40 * 3 / 20
    #expect(whole.asked == 2 + 3 + (updates + 1) + (updates + 1 + 32 + 1) + 4)
    #expect(Set(whole.stages) == ["references", "saliency", "pruning", "final", "packing"])
    for index in whole.stages.indices where index == 0 || index % 5 == 4 || index > 50 {
      #expect(try run(cancellingAt: index + 1).asked == index + 1, "\(whole.stages[index])")
    }
  }

  /// B6: a ratio of 0 changes nothing: no fine-tuning, no pruning, the restricted model comes out.
  @Test func b6_ratioZeroChangesNothing() throws {
    var recipe = try Self.recipe(sparsity: 0)
    recipe.denseEpochs = 0
    recipe.finalEpochs = 0
    let result = try Self.personalization(recipe).run()
    let model = try PackedModel(data: result.packed)
    #expect(model.layers.isEmpty)
    #expect(result.report.globalSparsity == 0)
    #expect(result.report.keptMultiplyAccumulates == result.report.denseMultiplyAccumulates)
    // Batch norm is re-estimated and folded, so compare what is left of the matrices: directions.
    let before = try #require(result.denseSliced.weights["fc.weight"])
    #expect(model.dense["fc.weight"] == before)
  }

  /// B7: multiply-accumulates count kept weights; from shapes alone the ratio would be 1.
  @Test func b7_multiplyAccumulatesCountKeptWeights() throws {
    let result = try Self.personalization(Self.recipe()).run()
    let report = result.report
    let shapes = try result.denseSliced.description.graph.shapes()
    var expected = 0
    for layer in report.layers {
      let shape = try #require(shapes[layer.name])
      expected += layer.kept * shape.height * shape.width
    }
    #expect(report.keptMultiplyAccumulates == expected)
    #expect(report.keptMultiplyAccumulates * 2 < report.denseMultiplyAccumulates)
  }

  /// B8: the packed file is the product: from its bytes alone come the scores.
  @Test func b8_thePackedFileIsTheProduct() throws {
    let toy = try #require(Self.toy)
    let result = try Self.personalization(Self.recipe()).run()
    let model = try PackedModel(data: result.packed)
    #expect(model.description.labels == ["top left", "bottom right", "middle"])
    let session = try Session(model: model, batchCapacity: 4)
    let network = try Network(
      graph: model.description.graph, weights: model.denseWeights(), threads: 1)
    let images = Array(
      try model.description.preprocessing.normalized(
        pixels: Array(try #require(toy.dataset.images(.test)).pixels[..<256])))
    let sparse = try session.run(images: images, count: 4)
    let dense = try network.forward(images, count: 4, mode: .inference)
    let scale = dense.map(abs).max() ?? 0
    #expect(scale > 0)
    for (a, b) in zip(sparse, dense) { #expect(abs(a - b) <= 1e-4 * scale) }
  }

  /// B9: the head is sliced, in the order asked for, and its scores are the universal model's.
  @Test func b9_theHeadIsSliced() throws {
    let toy = try #require(Self.toy)
    let sliced = try toy.model.sliced(to: [4, 1])
    #expect(sliced.description.labels == ["middle", "top right"])
    let full = try Network(
      graph: toy.model.description.graph, weights: toy.model.weights, threads: 1)
    let head = try Network(
      graph: sliced.description.graph, weights: sliced.weights, threads: 1)
    let images = (0..<64).map { Float($0) / 32 - 1 }
    let all = try full.forward(images, count: 1, mode: .inference)
    let two = try head.forward(images, count: 1, mode: .inference)
    #expect(abs(two[0] - all[4]) < 1e-5)
    #expect(abs(two[1] - all[1]) < 1e-5)
  }

  @Test func badRequestsFailBeforeWork() throws {
    let toy = try #require(Self.toy)
    func code(_ make: () throws -> Void) -> String? {
      do {
        try make()
        return nil
      } catch { return (error as? PruningError)?.code }
    }
    #expect(
      code { _ = try Self.personalization(try Self.recipe(sparsity: 0.3)) }
        == "sparsity_out_of_reach")
    #expect(
      code { _ = try Self.personalization(try Self.recipe(sparsity: 0.99)) }
        == "sparsity_out_of_reach")
    #expect(
      code { _ = try Self.personalization(try Self.recipe(), names: ["top left"]) }
        == "invalid_profile")
    #expect(
      code { _ = try Self.personalization(try Self.recipe(), names: ["midle", "top left"]) }
        == "unknown_class")
    #expect(
      code { _ = try toy.model.sliced(to: [0, 5]) } == "model_data_mismatch")
    var broken = try Self.recipe()
    broken.learningRate = .nan
    #expect(code { _ = try Self.personalization(broken) } == "invalid_recipe")
  }
}
