import Datasets
import Foundation
import ModelFormats
import NeuralGraph
import Pruning
import Testing

/// The baselines and switches of the method, each a whole run on the toy problem.
@Suite struct MethodTests {
  private func report(
    _ method: PruningMethod = .hybrid, sparsity: Double = 0.8,
    _ change: (inout PruningRecipe) -> Void = { _ in }
  ) throws -> (report: PersonalizationReport, model: PackedModel) {
    var recipe = try PersonalizationTests.recipe(sparsity: sparsity)
    recipe.method = method
    change(&recipe)
    let result = try PersonalizationTests.personalization(recipe).run()
    return (result.report, try PackedModel(data: result.packed))
  }

  /// Zeros of a layer's dense weights, in matrix order.
  private func kept(_ model: PackedModel, _ layer: String) throws -> [Bool] {
    let node = try #require(model.description.graph.node(named: layer))
    let matrix = try #require(WeightMatrix(node.operation))
    let weights = try #require(try model.denseWeights()[node.weightName])
    return try #require(matrix.fromOIHW(weights.values)).map { $0 != 0 }
  }

  @Test func unstructuredKeepsExactlyItsShareAnywhere() throws {
    let (report, model) = try report(.unstructured, sparsity: 0.87)
    let prunable = report.layers.filter(\.treatment.isPrunable)
    let total = prunable.reduce(0) { $0 + $1.rows * $1.columns }
    let left = prunable.reduce(0) { $0 + $1.kept }
    #expect(left == Int(Double(total) * (1 - 0.87)))
    #expect(model.layers.isEmpty)
    // Some group of four keeps three or four: nothing like N:M holds.
    let mask = try kept(model, "conv2")
    #expect(mask.count { $0 } == report.layers.first { $0.name == "conv2" }?.kept)
    let fullest = stride(from: 0, to: mask.count - 3, by: 4).map { i in
      mask[i..<i + 4].count { $0 }
    }.max()
    #expect(try #require(fullest) > 2)
    // An empty output channel would have batch norm blow up the gradients of its weights.
    for layer in prunable {
      let mask = try kept(model, layer.name)
      for row in 0..<layer.rows {
        #expect(mask[row * layer.columns..<(row + 1) * layer.columns].contains(true))
      }
    }
    #expect(report.encodedBytes < report.packedBytes)
  }

  /// Without training the masks are those of the sliced model's own weights: by its share of all in
  /// its layer that are no smaller (LAMP), each weight is in the best of the network or not.
  @Test func unstructuredMayHoldWeightsAgainstTheirLayer() throws {
    var recipe = try PersonalizationTests.recipe(sparsity: 0.6)
    recipe.method = .unstructured
    recipe.criterion = .magnitude
    recipe.scale = .layer
    recipe.iterations = 1
    (recipe.epochsPerIteration, recipe.denseEpochs, recipe.finalEpochs) = (0, 0, 0)
    let result = try PersonalizationTests.personalization(recipe).run()
    let layers = result.report.layers.filter(\.treatment.isPrunable)
    let sizes = try layers.map { layer in
      try #require(result.denseSliced.weights["\(layer.name).weight"]).values.map {
        Double(abs($0))
      }
    }
    let safe = recipe.pattern.slotsPerRow
    let shares = zip(layers, sizes).map { layer, sizes in
      var shares = sizes.map { size in size / sizes.filter { $0 >= size }.reduce(0, +) }
      for row in 0..<layer.rows {
        let range = row * layer.columns..<(row + 1) * layer.columns
        for i in range.sorted(by: { shares[$0] > shares[$1] }).prefix(safe) {
          shares[i] = .infinity
        }
      }
      return shares
    }
    let allowed = Int(Double(sizes.joined().count) * (1 - 0.6))
    let threshold = shares.joined().sorted(by: >)[allowed - 1]
    for (layer, shares) in zip(layers, shares) {
      #expect(abs(layer.kept - shares.count { $0 >= threshold }) <= 1, "\(layer.name)")
    }
  }

  @Test func blocksLeaveFullTiles() throws {
    let (report, model) = try report(.blocks, sparsity: 0.6)
    let layer = try #require(report.layers.first { $0.name == "conv2" })
    let mask = try kept(model, "conv2")
    let grid = TileGrid(
      WeightMatrix(rows: layer.rows, taps: 1, inChannels: layer.columns), block: 8)
    var left = [Int](repeating: 0, count: grid.tileCount)
    var sizes = left
    grid.forEachTileRow { tile, indices in
      left[tile] += mask[indices].count { $0 }
      sizes[tile] += indices.count
    }
    for (left, size) in zip(left, sizes) { #expect(left == 0 || left == size) }
    #expect(report.globalSparsity >= 0.6)
  }

  @Test func fineOnlyHasItsPatternsSparsity() throws {
    let report = try report(.fineOnly, sparsity: 0.5).report
    #expect(abs(report.globalSparsity - 0.5) < 0.01)
    #expect(report.layers.allSatisfy { $0.tilesPerBlockRow == $0.tileColumns })
  }

  /// What a method cannot reach is refused before any work, not missed in silence.
  @Test(arguments: [(PruningMethod.fineOnly, 0.9, 0.5), (.fineOnly, 0.52, 0.5), (.dense, 0.9, 0)])
  func sparsitiesThatAMethodDoesNotHave(method: PruningMethod, sparsity: Double, has: Double)
    throws
  {
    var recipe = try PersonalizationTests.recipe(sparsity: sparsity)
    recipe.method = method
    let error = #expect(throws: PruningError.self) {
      try PersonalizationTests.personalization(recipe)
    }
    guard case .sparsityOutOfReach(sparsity, let lowest, let highest) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(lowest == highest && abs(lowest - has) < 0.01)
  }

  /// A baseline's report does not speak of a pattern that it does not have.
  @Test(arguments: [
    (PruningMethod.unstructured, LayerTreatment.unstructured, false),
    (.channels, .channels, false), (.blocks, .blocks, true),
  ])
  func layersSayWhatTheMethodDid(
    method: PruningMethod, treatment: LayerTreatment, hasTiles: Bool
  ) throws {
    let layers = try report(method, sparsity: 0.6).report.layers
    for layer in layers where layer.treatment.isPrunable {
      #expect(layer.treatment == treatment)
      #expect((layer.tilesPerBlockRow != nil) == hasTiles)
      #expect((layer.tileColumns != nil) == hasTiles)
    }
    #expect(layers.contains { $0.treatment == treatment })
  }

  @Test func whatWasNotMeasuredIsAbsent() throws {
    #expect(try report { $0.denseEpochs = 0 }.report.references.denseFineTuned == nil)
    #expect(try report { $0.denseEpochs = 1 }.report.references.denseFineTuned != nil)
  }

  @Test func denseOnlyLearns() throws {
    let (report, model) = try report(.dense, sparsity: 0)
    #expect(report.globalSparsity == 0)
    #expect(model.layers.isEmpty)
    #expect(report.keptMultiplyAccumulates == report.denseMultiplyAccumulates)
    #expect(report.pruned.testAccuracy > 0.9)
  }

  @Test(arguments: [0.5, 0.9])
  func channelsLeaveTheNetwork(sparsity: Double) throws {
    let (report, model) = try report(.channels, sparsity: sparsity)
    #expect(report.globalSparsity >= sparsity)
    let conv = try #require(model.description.graph.node(named: "conv2")?.operation)
    guard case .convolution(let convolution) = conv else {
      Issue.record("not a convolution")
      return
    }
    #expect((1..<24).contains(convolution.outChannels))
    #expect(report.packedBytes < report.denseBytes)
    #expect(report.keptMultiplyAccumulates < report.denseMultiplyAccumulates)
    // What is left is what the file holds.
    let kept = PrunableLayer.layers(of: model.description.graph).dropFirst().map(\.matrix.count)
    #expect(kept == report.layers.filter(\.treatment.isPrunable).map(\.kept))
  }

  @Test func magnitudeAndRandomTilesChooseOthers() throws {
    let saliency = try report()
    let magnitude = try report { $0.criterion = .magnitude }
    let random = try report { $0.tiles = .random }
    let masks = try [saliency, magnitude, random].map { try kept($0.model, "block.conv2") }
    #expect(masks[0] != masks[1])
    #expect(masks[0] != masks[2])
    // Blindly drawn tiles leave every layer about the same share.
    let shares = random.report.layers.filter { $0.treatment == .hybrid && $0.tileColumns ?? 0 > 8 }
      .map { Double($0.tilesPerBlockRow ?? 0) / Double($0.tileColumns ?? 1) }
    let (least, most) = (try #require(shares.min()), try #require(shares.max()))
    #expect(most - least < 0.25)
  }

  /// Without straight-through gradients what is pruned stays pruned.
  @Test func withoutStraightThroughNothingReturns() throws {
    for straightThrough in [true, false] {
      var recipe = try PersonalizationTests.recipe()
      recipe.straightThrough = straightThrough
      let grid = TileGrid(WeightMatrix(rows: 20, taps: 9, inChannels: 20), block: 8)
      var kept: [[Bool]] = []
      _ = try PersonalizationTests.personalization(recipe).run(
        hooks: Personalization.Hooks(checkpoint: { _, state in
          let file = try SafetensorsFile(data: state)
          var mask = try file.unsigned8("fine/block.conv2").map { $0 == 1 }
          let tiles = try file.unsigned8("tiles/block.conv2")
          grid.forEachTileRow { tile, indices in
            if tiles[tile] == 0 { for i in indices { mask[i] = false } }
          }
          kept.append(mask)
        }))
      let returned = zip(kept, kept.dropFirst()).reduce(0) { sum, pair in
        sum + zip(pair.0, pair.1).count { !$0 && $1 }
      }
      #expect((returned > 0) == straightThrough)
    }
  }

  @Test func rawScoresSpareOtherLayersThanScoresPerWeight() throws {
    func tiles(_ cost: RankColumnCost) throws -> [Int] {
      try report(sparsity: 0.65) { $0.cost = cost }.report.layers.compactMap(\.tilesPerBlockRow)
    }
    let (priced, raw) = try (tiles(.target), tiles(.none))
    #expect(try tiles(.weights) == priced)
    #expect(priced != raw)
  }

  /// A teacher of all classes trains a wider classifier, of which the user's rows are delivered.
  @Test(arguments: [PruningMethod.hybrid, .channels, .unstructured])
  func aTeacherOfAllClassesLeavesTheUsersAlone(method: PruningMethod) throws {
    let narrow = try report(method, sparsity: 0.7)
    let wide = try report(method, sparsity: 0.7) { $0.teacherScope = .universal }
    #expect(wide.report.labels == narrow.report.labels)
    #expect(wide.report.globalSparsity >= 0.7)
    #expect(wide.report.layers.map(\.rows) == narrow.report.layers.map(\.rows))
    let classifier = try #require(wide.model.description.graph.node(named: "fc")?.operation)
    guard case .linear(_, let outputs, _) = classifier else {
      Issue.record("not a linear layer")
      return
    }
    #expect(outputs == 3)
    #expect(try wide.model.denseWeights() != narrow.model.denseWeights())
    #expect(wide.report.pruned.testAccuracy > 0.9)
  }

  /// The dense one has no iterations, after which a state is handed out.
  @Test(arguments: PruningMethod.allCases.filter { $0 != .dense })
  func everyMethodResumesToTheSameBytes(method: PruningMethod) throws {
    var recipe = try PersonalizationTests.recipe(sparsity: method == .fineOnly ? 0.45 : 0.7)
    recipe.method = method
    let personalization = try PersonalizationTests.personalization(recipe)
    var state = Data()
    let whole = try personalization.run(
      hooks: Personalization.Hooks(checkpoint: { if $0 == 2 { state = $1 } }))
    let resumed = try personalization.run(resuming: state)
    #expect(resumed.packed == whole.packed)
  }
}
