import ModelFormats
import NeuralGraph
import Pruning
import Randomness
import Testing

/// Fine masks, tiles and allocation over a sweep of ragged shapes and all patterns.
@Suite struct PatternTests {
  static let shapes = [
    WeightMatrix(rows: 16, taps: 9, inChannels: 16),
    WeightMatrix(rows: 24, taps: 1, inChannels: 40),
    WeightMatrix(rows: 17, taps: 9, inChannels: 5), WeightMatrix(rows: 3, taps: 1, inChannels: 64),
    WeightMatrix(rows: 33, taps: 4, inChannels: 11), WeightMatrix(rows: 1, taps: 1, inChannels: 2),
  ]

  static func patterns(block: Int) throws -> [HybridPattern] {
    try [1, 2, 3].flatMap { keep in
      try [1, 2, 4].map { try HybridPattern(keep: keep, block: block, rows: $0) }
    }
  }

  static func random(_ count: Int, seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in Float(generator.nextUniform()) }
  }

  static func layer(_ matrix: WeightMatrix, _ treatment: LayerTreatment = .hybrid) -> PrunableLayer
  {
    PrunableLayer(name: "l", weightName: "l.weight", matrix: matrix, treatment: treatment)
  }

  @Test(arguments: shapes, [8, 16, 32])
  func fineMaskKeepsTheBestOfEveryGroup(matrix: WeightMatrix, block: Int) throws {
    for pattern in try Self.patterns(block: block) {
      let scores = Self.random(matrix.count, seed: 3)
      let mask = fineMask(scores, matrix: matrix, pattern: pattern)
      for row in 0..<matrix.rows {
        let first = row / pattern.rows * pattern.rows
        let rows = first..<min(first + pattern.rows, matrix.rows)
        for start in stride(from: 0, to: matrix.columns, by: pattern.of) {
          let group = Array(start..<min(start + pattern.of, matrix.columns))
          // Naive: sort the group's columns by their summed score.
          func sum(_ column: Int) -> Float {
            rows.reduce(0) { $0 + scores[$1 * matrix.columns + column] }
          }
          let best = Set(group.sorted { sum($0) > sum($1) }.prefix(pattern.keep))
          for column in group {
            #expect(mask[row * matrix.columns + column] == best.contains(column))
          }
        }
      }
    }
  }

  @Test(arguments: shapes, [8, 16, 32])
  func everyBlockRowKeepsEquallyMany(matrix: WeightMatrix, block: Int) throws {
    for pattern in try Self.patterns(block: block) {
      let scores = Self.random(matrix.count, seed: 7)
      for share in [0.0, 0.3, 0.6, 0.9, 1.0] {
        var masks = [LayerMask(Self.layer(matrix), pattern: pattern)]
        masks[0].chooseFine(by: scores)
        let before = masks[0].keptCount
        let allowed = Int(Double(before) * (1 - share))
        let cost = RankColumnAllocation.candidates(masks[0], saliency: scores).map(\.weights)
        let kept = prune(&masks, saliency: [scores], allowed: allowed)
        #expect(kept == masks[0].keptCount)
        #expect(Set(masks[0].tilesPerBlockRow).count == 1)
        #expect(masks[0].tilesPerBlockRow[0] >= 1)
        if share == 0 { #expect(kept == before) }
        if masks[0].tilesPerBlockRow[0] > 1 {
          // Met, and by less than one rank column too much.
          #expect(kept <= allowed)
          #expect(allowed - kept < cost.max() ?? 1)
        }
        // What is left packs: the file format checks the pattern on its own.
        let packed = try PackedLayer(
          name: "l", matrix: matrix, values: scores, mask: masks[0].weights, pattern: pattern)
        #expect(packed.keptTiles == masks[0].tilesPerBlockRow[0])
        #expect(packed.keptWeights == kept)
      }
    }
  }

  /// Over several layers the target is met within one rank column, whatever the layers' sizes.
  @Test(arguments: [0.55, 0.7, 0.8, 0.9])
  func globalTargetIsMetWithinOneRankColumn(sparsity: Double) throws {
    let pattern = try HybridPattern(keep: 2, block: 8)
    var masks = [(64, 9, 64), (33, 9, 17), (16, 1, 40)].map {
      LayerMask(
        Self.layer(WeightMatrix(rows: $0.0, taps: $0.1, inChannels: $0.2)), pattern: pattern)
    }
    let saliency = masks.enumerated().map {
      Self.random($0.element.layer.matrix.count, seed: UInt64($0.offset))
    }
    for i in masks.indices { masks[i].chooseFine(by: saliency[i]) }
    let largest =
      zip(masks, saliency).flatMap {
        RankColumnAllocation.candidates($0, saliency: $1).map(\.weights)
      }.max() ?? 0
    let total = masks.reduce(0) { $0 + $1.layer.matrix.count }
    let allowed = Int(Double(total) * (1 - sparsity))
    let kept = prune(&masks, saliency: saliency, allowed: allowed)
    #expect(kept <= allowed)
    #expect(allowed - kept < largest)
  }

  /// Two layers alike but for what a weight of theirs costs: the dearer one's tiles go first, and what
  /// saves nothing never goes.
  @Test(arguments: [(4.0, 1.0, [1, 5]), (1, 4, [5, 1]), (1, 0, [1, 5]), (0, 1, [5, 1])])
  func pricesDecideBetweenLayers(first: Double, second: Double, left: [Int]) throws {
    let pattern = try HybridPattern(keep: 2, block: 8)
    let matrix = WeightMatrix(rows: 8, taps: 1, inChannels: 40)
    let saliency = [Float](repeating: 1, count: matrix.count)
    var masks = [0, 1].map { _ in LayerMask(Self.layer(matrix), pattern: pattern) }
    for i in masks.indices { masks[i].chooseFine(by: saliency) }
    let resource = ResourceModel(
      fixed: 0, layers: [first, second].map { ResourceModel.Layer(perWeight: $0) })
    // Four of the five rank columns of the dearer layer, 32 weights each.
    let allowed = resource.total(masks) - 4 * 32 * max(first, second)
    let cost = RankColumnAllocation.prune(
      &masks, saliency: [saliency, saliency], resource: resource, prices: resource,
      allowed: allowed)
    #expect(cost == allowed)
    #expect(masks.map { $0.tilesPerBlockRow[0] } == left)
  }

  /// A layer whose cost falls only with every second rank column is not stuck on its steps, and what
  /// saves nothing from some point on keeps its tiles there.
  @Test func costsInStepsAreSteppedOver() throws {
    let pattern = try HybridPattern(keep: 2, block: 8)
    let matrix = WeightMatrix(rows: 8, taps: 1, inChannels: 48)
    let saliency = [Float](repeating: 1, count: matrix.count)
    let stairs = ResourceModel.Layer(byRankColumns: [10, 20, 20, 40, 40, 60])
    let floor = ResourceModel.Layer(byRankColumns: [50, 50, 50, 50, 50, 60])
    for (allowed, left, rest) in [
      (200.0, [6, 6], 130.0), (129, [5, 6], 110), (105, [3, 6], 90), (85, [3, 5], 80),
      (65, [1, 5], 70),
    ] {
      var masks = [0, 1].map { _ in LayerMask(Self.layer(matrix), pattern: pattern) }
      for i in masks.indices { masks[i].chooseFine(by: saliency) }
      let resource = ResourceModel(fixed: 10, layers: [stairs, floor])
      let cost = RankColumnAllocation.prune(
        &masks, saliency: [saliency, saliency], resource: resource, prices: resource,
        allowed: allowed)
      #expect(cost == rest && cost == resource.total(masks), "\(allowed)")
      #expect(masks.map { $0.tilesPerBlockRow[0] } == left, "\(allowed)")
    }
  }

  /// Against the definition of LAMP, a column at a time: the lowest share of what its layer has left
  /// goes, so that a layer's scores may all be a thousand times larger and nothing changes.
  @Test(arguments: [1, 1000 as Float], [0.3, 0.7])
  func scoresCanBeHeldAgainstTheirLayer(factor: Float, share: Double) throws {
    let pattern = try HybridPattern(keep: 2, block: 8)
    let shapes = [(32, 9, 16), (16, 1, 64), (64, 1, 80)]
    let fresh = shapes.map {
      LayerMask(
        Self.layer(WeightMatrix(rows: $0.0, taps: $0.1, inChannels: $0.2)), pattern: pattern)
    }
    let saliency = fresh.enumerated().map { index, mask in
      Self.random(mask.layer.matrix.count, seed: UInt64(index)).map {
        index == 1 ? $0 * factor : $0
      }
    }
    var masks = fresh
    for i in masks.indices { masks[i].chooseFine(by: saliency[i]) }
    var expected = masks
    let resource = ResourceModel.weights(masks)
    let allowed = resource.total(masks) * (1 - share)
    let left = RankColumnAllocation.prune(
      &masks, saliency: saliency, resource: resource, prices: nil, scale: .layer, allowed: allowed)
    var kept = expected.reduce(0) { $0 + $1.keptCount }
    while Double(kept) > allowed {
      let weakest = expected.indices.compactMap { index in
        RankColumnAllocation.candidates(expected[index], saliency: saliency[index]).first.map {
          column -> (index: Int, column: RankColumnAllocation.RankColumn, share: Double) in
          let all = zip(expected[index].weights, saliency[index])
            .reduce(0.0) { $0 + ($1.0 ? Double($1.1) : 0) }
          return (index, column, column.score / all)
        }
      }.min { $0.share < $1.share }
      let next = try #require(weakest)
      for tile in next.column.tiles { expected[next.index].drop(tile: tile) }
      kept -= next.column.weights
    }
    #expect(masks.map(\.tiles) == expected.map(\.tiles))
    #expect(Int(left) == kept)
  }

  @Test func classifierLosesNoTiles() throws {
    let pattern = try HybridPattern(keep: 2, block: 8)
    let matrix = WeightMatrix(rows: 16, taps: 1, inChannels: 64)
    var masks = [LayerMask(Self.layer(matrix, .fineOnly), pattern: pattern)]
    let saliency = Self.random(matrix.count, seed: 1)
    masks[0].chooseFine(by: saliency)
    #expect(prune(&masks, saliency: [saliency], allowed: 0) == 512)
    #expect(masks[0].tilesPerBlockRow == [8, 8])
  }

  @Test func layersAreChosenAsTheDefinitionSays() throws {
    var builder = GraphBuilder(input: ActivationShape(channels: 3, height: 8, width: 8))
    var x = builder.convolution("stem", builder.image, out: 16, kernel: 3, padding: 1)
    x = builder.convolution("depthwise", x, out: 16, kernel: 3, padding: 1, groups: 16)
    x = builder.convolution("grouped", x, out: 16, kernel: 3, padding: 1, groups: 2)
    x = builder.convolution("plain", x, out: 16, kernel: 1)
    x = builder.linear("hidden", x, features: 16 * 64, out: 20)
    x = builder.linear("classifier", x, features: 20, out: 5)
    let layers = PrunableLayer.layers(of: try builder.graph(output: x))
    #expect(
      layers.map(\.treatment) == [
        .denseFirst, .denseDepthwise, .denseGrouped, .hybrid, .hybrid, .fineOnly,
      ])
  }
}
