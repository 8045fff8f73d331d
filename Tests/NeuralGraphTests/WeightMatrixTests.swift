import NeuralGraph
import Testing

@Suite struct WeightMatrixTests {
  static let sides = [(1, 1, 1), (3, 1, 5), (2, 9, 4), (16, 9, 3), (5, 2, 1), (7, 49, 2)]

  private func matrix(_ index: Int) -> WeightMatrix {
    let (rows, taps, inChannels) = Self.sides[index]
    return WeightMatrix(rows: rows, taps: taps, inChannels: inChannels)
  }

  /// Two output channels, two input channels, a 1x3 kernel: o, i and tap are the digits.
  @Test func inputChannelsAreFastest() {
    let matrix = WeightMatrix(rows: 2, taps: 3, inChannels: 2)
    let oihw: [Float] = [111, 112, 113, 121, 122, 123, 211, 212, 213, 221, 222, 223]
    let expected: [Float] = [111, 121, 112, 122, 113, 123, 211, 221, 212, 222, 213, 223]
    #expect(matrix.fromOIHW(oihw) == expected)
    #expect(matrix.toOIHW(expected) == oihw)
  }

  @Test(arguments: sides.indices) func everyWeightHasItsPlace(_ index: Int) throws {
    let matrix = matrix(index)
    let oihw = (0..<matrix.count).map(Float.init)
    let permuted = try #require(matrix.fromOIHW(oihw))
    for row in 0..<matrix.rows {
      for channel in 0..<matrix.inChannels {
        for tap in 0..<matrix.taps {
          let position = row * matrix.columns + tap * matrix.inChannels + channel
          #expect(
            permuted[position] == oihw[(row * matrix.inChannels + channel) * matrix.taps + tap])
        }
      }
    }
    #expect(matrix.toOIHW(permuted) == oihw)
  }

  @Test(arguments: sides.indices) func wrongCountsAreRefused(_ index: Int) {
    let matrix = matrix(index)
    for count in [0, matrix.count - 1, matrix.count + 1] where count != matrix.count {
      let values = [Float](repeating: 0, count: count)
      #expect(matrix.fromOIHW(values) == nil)
      #expect(matrix.toOIHW(values) == nil)
    }
  }

  @Test func layersWithAMatrix() {
    let convolution = Convolution(
      inChannels: 8, outChannels: 12,
      window: Window(kernelHeight: 3, kernelWidth: 5), groups: 4, bias: true)
    #expect(
      WeightMatrix(.convolution(convolution)) == WeightMatrix(rows: 12, taps: 15, inChannels: 2))
    #expect(
      WeightMatrix(.linear(inFeatures: 20, outFeatures: 3, bias: false))
        == WeightMatrix(rows: 3, taps: 1, inChannels: 20))
    #expect(WeightMatrix(rows: 12, taps: 15, inChannels: 2).columns == 30)
    #expect(WeightMatrix(rows: 12, taps: 15, inChannels: 2).count == 360)
  }

  @Test func layersWithout() {
    let ungrouped = Convolution(
      inChannels: 8, outChannels: 12, window: Window(kernel: 3), groups: 0, bias: true)
    let operations: [Operation] = [
      .convolution(ungrouped), .add, .relu(limit: nil), .globalAveragePool,
      .batchNorm(channels: 3, epsilon: 1), .maxPool(Window(kernel: 1)),
      .averagePool(Window(kernel: 1)),
    ]
    for operation in operations { #expect(WeightMatrix(operation) == nil) }
    #expect(ungrouped.weightShape == [12, 0, 3, 3])
  }
}
