import ModelFormats
import NeuralGraph
import Pruning
import Testing

@Suite struct TileSpreadTests {
  @Test(arguments: PatternTests.shapes, [8, 16])
  func everyBlockColumnHasTheSameToGive(matrix: WeightMatrix, block: Int) throws {
    for pattern in try PatternTests.patterns(block: block) {
      var mask = LayerMask(PatternTests.layer(matrix), pattern: pattern)
      let worth = PatternTests.random(matrix.count, seed: 3)
      mask.chooseFine(by: worth)
      let shares = TileSpread.shares(mask, worth: worth)
      for column in 0..<mask.grid.blockColumns {
        let columns = mask.grid.columns(ofBlockColumn: column)
        var sum: Float = 0
        for row in 0..<matrix.rows {
          for i in columns.map({ row * matrix.columns + $0 }) where mask.fine[i] {
            sum += shares[i]
          }
        }
        #expect(abs(sum - 1) < 1e-4)
      }
    }
  }

  /// Every block row likes the same inputs best, and has others that it alone likes.
  @Test func blockRowsKeepWhatTheyAloneLike() throws {
    let matrix = WeightMatrix(rows: 32, taps: 1, inChannels: 40)
    let pattern = try HybridPattern(keep: 2, block: 8)
    var worth = [Float](repeating: 1, count: matrix.count)
    for row in 0..<matrix.rows {
      for column in 0..<8 { worth[row * 40 + column] = 100 }
      for column in 8 * (1 + row / 8)..<8 * (2 + row / 8) { worth[row * 40 + column] = 50 }
    }
    func columnsLeft(_ saliency: (LayerMask) -> [Float]) -> [Int] {
      var masks = [LayerMask(PatternTests.layer(matrix), pattern: pattern)]
      masks[0].chooseFine(by: worth)
      let resource = ResourceModel(fixed: 0, layers: [ResourceModel.Layer(perWeight: 1)])
      _ = RankColumnAllocation.prune(
        &masks, saliency: [saliency(masks[0])], resource: resource, prices: nil, allowed: 0)
      return masks[0].tiles.indices.filter { masks[0].tiles[$0] }.map { $0 % 5 }
    }
    #expect(columnsLeft { _ in worth } == [0, 0, 0, 0])
    #expect(columnsLeft { TileSpread.shares($0, worth: worth) } == [1, 2, 3, 4])
  }

  @Test func nothingIsAShareOfNothing() throws {
    let matrix = WeightMatrix(rows: 16, taps: 1, inChannels: 32)
    var mask = LayerMask(PatternTests.layer(matrix), pattern: try HybridPattern(keep: 2, block: 8))
    let worth = [Float](repeating: 0, count: matrix.count)
    mask.chooseFine(by: worth)
    #expect(TileSpread.shares(mask, worth: worth) == worth)
  }
}
