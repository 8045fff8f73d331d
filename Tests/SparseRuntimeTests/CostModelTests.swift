import CKernels
import ModelFormats
import NeuralGraph
import Randomness
import SparseRuntime
import Testing

/// What the planner decides, with costs made up for the purpose.
@Suite struct CostModelTests {
  private let lanes = SyntheticCosts.lanes

  private func packed(
    outputs: Int = 64, columns: Int = 256, rows: Int = 1, block: Int = 16, slots: Int = 8,
    keptTiles: Int = 4, runs: Int = 1, length: Int = 784, isAligned: Bool = true
  ) -> LayerShape {
    LayerShape(
      outputs: outputs, columns: columns, rows: rows, packed: (block, slots, keptTiles),
      inputChannels: columns, runs: runs, length: length, isAligned: isAligned)
  }

  /// Many shapes, densities and alignments.
  private var sweep: [LayerShape] {
    var generator = SeededGenerator(seed: 1, stream: "shapes")
    func pick<Value>(_ values: [Value]) -> Value {
      values[generator.nextIndex(below: values.count)]
    }
    return (0..<2000).map { _ in
      let block = pick([8, 16, 32, 64])
      let tileColumns = pick([1, 2, 7, 64])
      return packed(
        outputs: pick([1, 3, 8, 64, 1000]), columns: tileColumns * block, rows: pick([1, 2, 4]),
        block: block, slots: block / 4 * pick([1, 2, 3]),
        keptTiles: 1 + generator.nextIndex(below: tileColumns), runs: pick([1, 5, 32]),
        length: pick([1, 15, 16, 17, 49, 3136]), isAligned: pick([true, false]))
    }
  }

  /// Costs without any order between widths.
  private func randomCosts(_ seed: UInt64) -> CostModel {
    var generator = SeededGenerator(seed: seed, stream: "costs")
    func time() -> Double { 0.01 + 10 * generator.nextUniform() }
    return SyntheticCosts.model(
      fixed: { _, _ in time() }, tap: { _, _ in time() }, unaligned: 1 + generator.nextUniform(),
      decoding: time(), packing: time())
  }

  @Test func takesTheOnlyQuickWidth() {
    for rows in [1, 2, 4] {
      let widest = SyntheticCosts.widest[rows == 4 ? 2 : rows - 1]
      for quick in 1...widest {
        let costs = SyntheticCosts.model(tap: { _, vectors in vectors == quick ? 0.01 : 100 })
        // Positions that every width divides, so that no other width occurs.
        let layer = packed(rows: rows, length: 27720 * lanes)
        #expect(costs.plan(layer, lanes: lanes).plan.vectors == quick, "\(rows)x\(quick)")
      }
    }
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func noOtherPlanIsCheaper(seed: UInt64) {
    let costs = randomCosts(seed)
    for layer in sweep {
      let (plan, cost) = costs.plan(layer, lanes: lanes)
      #expect(cost == costs.cost(layer, plan, lanes: lanes))
      // Fewer widths to choose from never help.
      for count in 1...costs.kernels[CostModel.index(layer.rows)].count {
        var fewer = costs
        fewer.kernels = costs.kernels.map { Array($0.prefix(count)) }
        #expect(cost <= fewer.plan(layer, lanes: lanes).cost)
      }
    }
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
  func neverCostsMoreThanDense(seed: UInt64) {
    let costs = randomCosts(seed)
    var dense = 0
    for layer in sweep {
      let choice = costs.choice(layer, lanes: lanes)
      let (sparseCost, denseCost) = (
        costs.plan(layer, lanes: lanes).cost, costs.plan(layer.dense, lanes: lanes).cost
      )
      #expect(choice.cost == min(sparseCost, denseCost))
      #expect(choice.writesZeros == (denseCost < sparseCost))
      dense += choice.writesZeros ? 1 : 0
      let carriedOut = choice.writesZeros ? layer.dense : layer
      #expect(choice.cost == costs.cost(carriedOut, choice.plan, lanes: lanes))
    }
    // Otherwise the sweep shows nothing.
    #expect(dense > 10 && dense < 1990)
  }

  @Test func writesZerosOnlyWhereThatIsCheaper() {
    // 3:4 in all tiles: three quarters of the taps.
    let layer = packed(rows: 4, slots: 12, keptTiles: 16, length: 16)
    let freeDecoding = SyntheticCosts.model(decoding: 1e-9)
    #expect(!freeDecoding.choice(layer, lanes: lanes).writesZeros)
    let dearDecoding = SyntheticCosts.model(decoding: 100)
    #expect(dearDecoding.choice(layer, lanes: lanes).writesZeros)
    // Dense layers compute four rows at once; one row that costs a quarter of four is no reason.
    let single = packed(rows: 1, slots: 12, keptTiles: 16)
    let fair = SyntheticCosts.model(
      tap: { rows, vectors in Double(rows * vectors) }, decoding: 1e-9)
    #expect(!fair.choice(single, lanes: lanes).writesZeros)
    let slowRows = SyntheticCosts.model(decoding: 1e-9)
    #expect(slowRows.choice(single, lanes: lanes).writesZeros)
    // What is dense already has nothing to write out.
    #expect(!dearDecoding.choice(layer.dense, lanes: lanes).writesZeros)
  }

  @Test func packsPanelsOnlyWhereInputIsUnaligned() {
    let costs = SyntheticCosts.model(unaligned: 100, packing: 1e-6)
    #expect(costs.plan(packed(isAligned: false), lanes: lanes).plan.packs == 1)
    #expect(costs.plan(packed(isAligned: true), lanes: lanes).plan.packs == 0)
    #expect(costs.plan(packed(isAligned: false).dense, lanes: lanes).plan.packs == 0)
    let dear = SyntheticCosts.model(unaligned: 1.01, packing: 1e6)
    #expect(dear.plan(packed(isAligned: false), lanes: lanes).plan.packs == 0)
  }

  @Test(arguments: [11, 12, 13] as [UInt64])
  func plansStayInRange(seed: UInt64) {
    var models = [randomCosts(seed)]
    // Nothing that a cost model says may lead outside either.
    for time in [0, Double.nan, .infinity, -1, -.infinity, 1e308] {
      models.append(
        SyntheticCosts.model(
          fixed: { _, _ in time }, tap: { _, _ in time }, decoding: time, packing: time))
    }
    for costs in models {
      for layer in sweep {
        let choice = costs.choice(layer, lanes: lanes)
        let rows = choice.writesZeros ? 4 : layer.rows
        #expect(choice.plan.depth >= 1 && choice.plan.strip >= 1)
        #expect(
          (1...costs.kernels[CostModel.index(rows)].count).contains(choice.plan.vectors))
        #expect(choice.plan.dots == 0)
        if layer.isAligned || choice.writesZeros { #expect(choice.plan.packs == 0) }
      }
    }
  }

  @Test func knowsUnusableNumbers() {
    let good = SyntheticCosts.model()
    let widest = SyntheticCosts.widest
    #expect(good.isUsable(widest: widest))
    #expect(!good.isUsable(widest: [12, 6, 5]))
    for bad in [Double.nan, .infinity, -.infinity, -1, 0, 1e300] {
      var packing = good
      packing.packing = bad
      #expect(!packing.isUsable(widest: widest), "packing \(bad)")
      var decoding = good
      decoding.decoding[1] = bad
      #expect(!decoding.isUsable(widest: widest), "decoding \(bad)")
      var aligned = good
      aligned.kernels[2][5].aligned = bad
      #expect(!aligned.isUsable(widest: widest), "aligned \(bad)")
      var unaligned = good
      unaligned.kernels[0][0].unaligned = bad
      #expect(!unaligned.isUsable(widest: widest), "unaligned \(bad)")
      var fixed = good
      fixed.kernels[1][2].fixed = bad
      #expect(fixed.isUsable(widest: widest) == (bad == 0), "fixed \(bad)")
    }
    var short = good
    short.decoding.removeLast()
    #expect(!short.isUsable(widest: widest))
    var other = good
    other.version += 1
    #expect(!other.isUsable(widest: widest))
  }

  /// A measurement decides how long an answer takes, never what it is.
  @Test(arguments: InstructionSet.available)
  func oppositeCostsGiveTheSameBits(_ instructionSet: InstructionSet) throws {
    let graph = try TestNetworks.residual(11)
    let weights = TestNetworks.weights(graph, seed: 1)
    for (rows, keep, batch) in [(1, 3, 1), (1, 1, 18), (2, 2, 3), (4, 3, 2), (4, 2, 16)] {
      let model = try TestNetworks.packed(
        graph, weights: weights, pattern: HybridPattern(keep: keep, block: 8, rows: rows),
        density: 0.6, seed: 2)
      let images = TestNetworks.normal(batch * graph.input.count, seed: 3)
      var answers: [[Float]] = []
      var kernels: Set<[String]> = []
      for vectors in [1, 3, 6] {
        for (decoding, packing, unaligned) in [
          (1e-9, 1e9, 1.0), (1e-9, 1e-9, 1e6), (1e8, 1.0, 1.0),
        ] {
          let session = try Session(
            graph: model.description.graph, layers: model.layers, weights: model.dense,
            batchCapacity: batch, threads: 2, instructionSet: instructionSet,
            costs: SyntheticCosts.preferring(
              vectors: vectors, decoding: decoding, packing: packing, unaligned: unaligned,
              instructionSet))
          answers.append(try session.run(images: images, count: batch))
          kernels.insert(session.layers.map(\.kernel))
        }
      }
      for answer in answers {
        #expect(answer.map(\.bitPattern) == answers[0].map(\.bitPattern), "\(rows) \(keep)")
      }
      // The plans did differ: in width, in panels, in zeros that are written out.
      #expect(kernels.count >= 4)
      let names = kernels.joined()
      #expect(names.contains { $0.hasSuffix(" dense") } && names.contains { !$0.hasSuffix("e") })
      if batch < 16 { #expect(names.contains { $0.hasSuffix(" panel") }) }
    }
  }
}
