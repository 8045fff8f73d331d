import Datasets
import ModelFormats
import NeuralGraph
import Pruning
import TestSupport
import Testing
import Training

/// The traps of the reference code that lie in masks and scores (Documentation/method.md, B1 to
/// B6). B7 to B9 concern whole runs and stand in `PersonalizationTests`.
@Suite struct ReferenceTrapTests {
  /// A mask whose fine part keeps the given columns' share everywhere.
  private func mask(_ matrix: WeightMatrix, block: Int, keep: Int, by saliency: [Float]) throws
    -> LayerMask
  {
    var mask = LayerMask(
      PatternTests.layer(matrix), pattern: try HybridPattern(keep: keep, block: block))
    mask.chooseFine(by: saliency)
    return mask
  }

  /// Saliency that is 1 in one column of every group of four, else 0.
  private func preferring(column: Int, in matrix: WeightMatrix) -> [Float] {
    (0..<matrix.count).map { (index: Int) -> Float in
      index % matrix.columns % 4 == column ? 1 : 0
    }
  }

  /// B1: the reference code scored tiles in one order and read them in the other. The grid is
  /// 2 x 5, so a transposed read would prune other tiles.
  @Test func b1_theScoreBelongsToTheTileItPrunes() throws {
    let matrix = WeightMatrix(rows: 16, taps: 1, inChannels: 40)
    let tileScores: [[Float]] = [[5, 4, 3, 2, 1], [6, 1, 8, 9, 7]]
    let saliency = (0..<matrix.count).map { (index: Int) -> Float in
      let (row, column) = (index / 40, index % 40)
      return tileScores[row / 8][column / 8]
    }
    var masks = [try mask(matrix, block: 8, keep: 2, by: saliency)]
    let kept = masks[0].keptCount
    _ = prune(&masks, saliency: [saliency], allowed: kept - 1)
    let dropped = masks[0].tiles.indices.filter { !masks[0].tiles[$0] }
    #expect(dropped == [4, 5 + 1])
  }

  /// B2: the score is |w|·E|g|, not w²·E|g|.
  @Test func b2_scoresGrowLinearlyWithTheWeight() throws {
    let toy = try ToyProblem(classes: 2)
    let network = try Network(
      graph: toy.model.description.graph, weights: toy.model.weights, threads: 1)
    let layers = PrunableLayer.layers(of: network.graph).filter(\.treatment.isPrunable)
    func estimate(scale: Float) throws -> [[Float]] {
      // The learning weights are scaled, the computing ones are not: gradients stay the same.
      let scaled = layers.map { layer in
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(
          capacity: layer.matrix.count)
        _ = buffer.initialize(
          from: network.parameters[layer.weightName]?.values.map { $0 * scale } ?? [])
        return buffer
      }
      defer { for buffer in scaled { buffer.deallocate() } }
      var sampler = try toy.sampler()
      return try Saliency(batches: 2, batchSize: 8).estimate(
        network, classes: network.classCount, layers: layers, sampler: &sampler,
        learning: { name in layers.firstIndex { $0.weightName == name }.map { scaled[$0] } },
        checkCancellation: {})
    }
    let single = try estimate(scale: 1)
    let triple = try estimate(scale: 3)
    for (one, three) in zip(single, triple) {
      let total = one.reduce(0, +)
      #expect(total > 0)
      #expect(abs(three.reduce(0, +) - 3 * total) < 1e-3 * total)
    }
  }

  /// B3: a masked weight receives its gradient and can return.
  @Test func b3_aMaskedWeightLearnsAndComesBack() throws {
    let toy = try ToyProblem(classes: 2)
    let network = try Network(
      graph: toy.model.description.graph, weights: toy.model.weights, threads: 1)
    let layer = try #require(
      PrunableLayer.layers(of: network.graph).first { $0.treatment == .hybrid })
    var mask = LayerMask(layer, pattern: try HybridPattern(keep: 1, block: 8))
    mask.chooseFine(by: preferring(column: 0, in: layer.matrix))
    mask.drop(tile: 1)
    let masked = MaskedWeights(decay: 0)
    masked.set([mask], frozen: false)
    let optimizer = try SGD(network, momentum: 0, weightDecay: 0, projection: masked)
    let master = try #require(optimizer.learningWeights(layer.weightName))
    let before = try #require(layer.matrix.fromOIHW(Array(master)))
    var sampler = try toy.sampler()
    _ = try network.trainingStep(sampler.next(16), optimizer: optimizer, learningRate: 1, step: 0)
    let after = try #require(layer.matrix.fromOIHW(Array(master)))
    let values = try #require(network.parameters[layer.weightName]).values
    let computing = try #require(layer.matrix.fromOIHW(Array(values)))
    var movedWhileMasked = 0
    for i in before.indices {
      if !mask.survivors[i] { #expect(after[i] == before[i], "a dropped tile stays still") }
      if mask.survivors[i], !mask.weights[i], after[i] != before[i] { movedWhileMasked += 1 }
      #expect(computing[i] == (mask.weights[i] ? after[i] : 0))
    }
    #expect(movedWhileMasked > 0)
    // Saliency that now prefers the second column of every group brings it back.
    mask.chooseFine(by: preferring(column: 1, in: layer.matrix))
    masked.set([mask], frozen: false)
    optimizer.project()
    let returned = try #require(layer.matrix.fromOIHW(Array(values)))
    #expect(returned[1] == after[1])
    #expect(returned[1] != 0)
    #expect(returned[0] == 0)
  }

  /// B4: groups lie along input channels, within one tap.
  @Test func b4_groupsDoNotStraddleTaps() throws {
    let matrix = WeightMatrix(rows: 2, taps: 9, inChannels: 8)
    // OIHW scores that grow with the channel: the last two channels of each four must stay in
    // every tap, which groups along flattened OIHW would not give.
    let oihw = (0..<matrix.count).map { (index: Int) -> Float in Float(index % 72 / 9) }
    let scores = try #require(matrix.fromOIHW(oihw))
    let fine = fineMask(scores, matrix: matrix, pattern: try HybridPattern(keep: 2, block: 8))
    let mask = try #require(matrix.toOIHW(fine.map { $0 ? 1 : 0 }))
    for index in mask.indices {
      let channel = index % 72 / 9
      #expect(mask[index] == (channel % 4 >= 2 ? 1 : 0))
    }
  }

  /// B5: tiles are scored by what N:M keeps of them, so N:M comes first.
  @Test func b5_tilesAreScoredByWhatTheFineMaskKeeps() throws {
    let matrix = WeightMatrix(rows: 8, taps: 1, inChannels: 16)
    // Left tile: 5 5 5 5 (sum 20, kept 10). Right tile: 9 9 0 0 (sum 18, kept 18).
    let saliency = (0..<matrix.count).map { index -> Float in
      index % 16 < 8 ? 5 : (index % 4 < 2 ? 9 : 0)
    }
    var masks = [try mask(matrix, block: 8, keep: 2, by: saliency)]
    _ = prune(&masks, saliency: [saliency], allowed: 40)
    #expect(masks[0].tiles == [false, true])
  }

  /// B6: a ratio of 0 prunes nothing, scores are per cost, one rank column always stays.
  @Test func b6_zeroPrunesNothing() throws {
    let matrix = WeightMatrix(rows: 16, taps: 1, inChannels: 32)
    let saliency = [Float](repeating: 0, count: matrix.count)
    var masks = [try mask(matrix, block: 8, keep: 2, by: saliency)]
    let kept = masks[0].keptCount
    #expect(prune(&masks, saliency: [saliency], allowed: kept) == kept)
    #expect(masks[0].tiles == [Bool](repeating: true, count: 8))
  }

  @Test func b6_scoresArePerWeightSoLargeLayersAreNotSpared() throws {
    // The large layer's tiles have larger sums (taller columns) but less saliency per weight.
    let large = WeightMatrix(rows: 64, taps: 1, inChannels: 32)
    let small = WeightMatrix(rows: 8, taps: 1, inChannels: 32)
    let saliency = [
      [Float](repeating: 1, count: large.count), [Float](repeating: 2, count: small.count),
    ]
    var masks = [
      try mask(large, block: 8, keep: 2, by: saliency[0]),
      try mask(small, block: 8, keep: 2, by: saliency[1]),
    ]
    let kept = masks.reduce(0) { $0 + $1.keptCount }
    _ = prune(&masks, saliency: saliency, allowed: kept - 1)
    #expect(masks[0].tilesPerBlockRow == [Int](repeating: 3, count: 8))
    #expect(masks[1].tilesPerBlockRow == [4])
  }

  @Test func b6_aLayerNeverLosesItsLastRankColumn() throws {
    let worthless = WeightMatrix(rows: 16, taps: 1, inChannels: 32)
    let saliency = [Float](repeating: 0, count: worthless.count)
    var masks = [try mask(worthless, block: 8, keep: 2, by: saliency)]
    let kept = prune(&masks, saliency: [saliency], allowed: 0)
    #expect(masks[0].tilesPerBlockRow == [1, 1])
    #expect(kept == 64)
  }
}
