import NeuralGraph
import Testing

@Suite struct TensorTests {
  @Test(
    arguments: [
      ([], 1), ([0], 0), ([7], 7), ([2, 3, 4], 24), ([5, 0, 3], 0), ([1 << 31, 1 << 31], 1 << 62),
      ([1 << 32, 1 << 31], nil), ([.max, 2], nil), ([-1], nil), ([-2, -3], nil), ([0, -1], nil),
    ] as [([Int], Int?)])
  func countsWithoutOverflow(shape: [Int], expected: Int?) {
    #expect(Tensor.count(of: shape) == expected)
  }

  @Test func holdsExactlyItsShape() throws {
    let tensor = try Tensor(shape: [2, 3], values: [1, 2, 3, 4, 5, 6])
    #expect(tensor.shape == [2, 3] && tensor.values == [1, 2, 3, 4, 5, 6])
    for (shape, count) in [([2, 3], 5), ([2, 3], 7), ([], 0), ([-1], 1), ([1 << 62, 4], 0)] {
      #expect(throws: GraphError.tensorSize(shape: shape, count: count)) {
        try Tensor(shape: shape, values: [Float](repeating: 0, count: count))
      }
    }
  }

  @Test func fills() {
    #expect(Tensor(shape: [2, 2], filledWith: 3).values == [3, 3, 3, 3])
    let impossible = Tensor(shape: [.max, 2], filledWith: 3)
    #expect(impossible.shape == [0] && impossible.values.isEmpty)
  }
}
