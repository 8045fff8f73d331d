import ModelFormats
import NeuralGraph
import SparseRuntime
import Testing

/// A layer may write its result where the value that it adds stands, unless somebody reads that
/// value again.
@Suite struct InPlaceTests {
  /// Where the added value comes from, and who else reads it.
  enum Residual: String, CaseIterable, Sendable {
    /// Nobody: it may be overwritten.
    case readOnce
    /// Several blocks one behind the other, each overwriting what the last one wrote.
    case chain
    case readAgainLater
    /// By the addition after the next, which could overwrite it in turn.
    case addedTwice
    case graphInput
    case graphInputReadAgain
    /// By the layer that adds it, at many other positions.
    case sameLayersInput
    /// By the layer that adds it, at the same positions.
    case sameLayersInputPointwise
    case strided
    /// By a layer that computes on a grid larger than its result.
    case unpadded
    case flat
    case clamped
    /// The sum is the graph's output.
    case last

    var graph: Graph {
      var list = NodeList(8, 9, 7)
      switch self {
      case .readOnce:
        let x = list.convolution("input", out: 14, kernel: 3)
        let y = list.convolution("input", out: 10)
        _ = list.convolution(
          list.add(.add, list.convolution(y, out: 14, kernel: 3), x), out: 5, kernel: 3)
      case .chain:
        var x = list.convolution("input", out: 14)
        for kernel in [1, 3, 1, 5] {
          let y = list.add(.relu(limit: nil), list.convolution(x, out: 9, kernel: 3))
          x = list.add(
            .relu(limit: nil), list.add(.add, list.convolution(y, out: 14, kernel: kernel), x))
        }
        _ = list.convolution(x, out: 5, kernel: 3)
      case .readAgainLater:
        let x = list.convolution("input", out: 14, kernel: 3)
        let y = list.convolution("input", out: 14)
        let sum = list.add(.add, list.convolution(y, out: 14, kernel: 3), x)
        _ = list.concatenate(list.convolution(sum, out: 6, kernel: 3), x)
      case .addedTwice:
        let x = list.convolution("input", out: 14, kernel: 3)
        let y = list.convolution("input", out: 14)
        let sum = list.add(.add, list.convolution(y, out: 14, kernel: 3), x)
        _ = list.convolution(list.add(.add, list.convolution(sum, out: 14), x), out: 5, kernel: 3)
      case .graphInput:
        let y = list.convolution("input", out: 12, kernel: 3)
        let sum = list.add(.add, list.convolution(y, out: 8, kernel: 3), "input")
        _ = list.convolution(sum, out: 5, kernel: 3)
      case .graphInputReadAgain:
        let y = list.convolution("input", out: 12, kernel: 3)
        let sum = list.add(.add, list.convolution(y, out: 8, kernel: 3), "input")
        _ = list.concatenate(list.convolution(sum, out: 5, kernel: 3), "input")
      case .sameLayersInput, .sameLayersInputPointwise:
        let x = list.convolution("input", out: 14, kernel: 3)
        let kernel = self == .sameLayersInput ? 3 : 1
        _ = list.convolution(
          list.add(.add, list.convolution(x, out: 14, kernel: kernel), x), out: 5, kernel: 3)
      case .strided:
        let x = list.convolution("input", out: 14, kernel: 1, stride: 2)
        let sum = list.add(.add, list.convolution("input", out: 14, kernel: 3, stride: 2), x)
        _ = list.convolution(sum, out: 5, kernel: 3)
      case .unpadded:
        let x = list.convolution("input", out: 14, kernel: 3, padding: 0)
        let y = list.convolution("input", out: 11)
        let sum = list.add(.add, list.convolution(y, out: 14, kernel: 3, padding: 0), x)
        _ = list.convolution(sum, out: 5, kernel: 3)
      case .flat:
        let x = list.add(.globalAveragePool, list.convolution("input", out: 14, kernel: 3))
        let y = list.convolution(x, out: 9)
        _ = list.convolution(list.add(.add, list.convolution(y, out: 14), x), out: 5)
      case .clamped:
        let x = list.convolution("input", out: 14, kernel: 3)
        let y = list.convolution("input", out: 14)
        let sum = list.add(.add, list.convolution(y, out: 14, kernel: 3), x)
        _ = list.convolution(list.add(.clip(lower: -0.5, upper: 1), sum), out: 5, kernel: 3)
      case .last:
        let x = list.convolution("input", out: 14, kernel: 3)
        let y = list.convolution("input", out: 14)
        _ = list.add(.add, list.convolution(y, out: 14, kernel: 3), x)
      }
      return list.graph
    }
  }

  private func model(_ graph: Graph, rows: Int) throws -> PackedModel {
    try TestNetworks.packed(
      graph, weights: TestNetworks.weights(graph, seed: 1),
      pattern: HybridPattern(keep: 2, block: 8, rows: rows), density: 0.6, seed: 2)
  }

  @Test(arguments: Residual.allCases, [1, 2, 4])
  func sumsAreRightForEveryBatch(_ residual: Residual, rows: Int) throws {
    let graph = residual.graph
    let model = try model(graph, rows: rows)
    let images = TestNetworks.normal(20 * graph.input.count, seed: 3)
    let reference = ReferenceInterpreter(
      graph: model.description.graph, weights: try model.denseWeights())
    let expected = try reference.run(images, count: 20)
    for batch in 1...20 {
      let session = try Session(model: model, batchCapacity: batch, exactly: 1 + batch % 3)
      // Twice: the second run meets the first one's sums.
      for _ in 0..<2 {
        let found = try session.run(
          images: Array(images.prefix(batch * graph.input.count)), count: batch)
        TestNetworks.expectEqual(
          found, Array(expected.prefix(batch * session.classCount)), "\(residual) x\(batch)")
      }
    }
  }

  @Test(arguments: Residual.allCases, InstructionSet.available)
  func sumsAreRightOnEveryProcessor(
    _ residual: Residual, _ instructionSet: InstructionSet
  ) throws {
    let graph = residual.graph
    let weights = TestNetworks.weights(graph, seed: 4)
    let model = try model(graph, rows: 1)
    for batch in [1, 3, 17] {
      let images = TestNetworks.normal(batch * graph.input.count, seed: 5)
      TestNetworks.expectEqual(
        try Session(model: model, batchCapacity: batch, instructionSet: instructionSet)
          .run(images: images, count: batch),
        try ReferenceInterpreter(
          graph: model.description.graph, weights: try model.denseWeights()
        ).run(images, count: batch), "\(residual) x\(batch)")
      TestNetworks.expectEqual(
        try Session(
          graph: graph, weights: weights, batchCapacity: batch, instructionSet: instructionSet
        ).run(images: images, count: batch),
        try ReferenceInterpreter(graph: graph, weights: weights).run(images, count: batch),
        "dense \(residual) x\(batch)")
    }
  }

  /// A buffer is spared where nobody reads the added value again, and only there.
  @Test func overwritingSparesABuffer() throws {
    func bytes(readsAgain: Bool) throws -> Int {
      var list = NodeList(8, 40, 40)
      let x = list.convolution("input", out: 8, kernel: 3)
      let y = list.convolution(x, out: 8)
      let sum = list.add(.add, list.convolution(y, out: 8), x)
      let z = list.convolution(sum, out: 8, kernel: 3)
      if readsAgain {
        _ = list.add(.add, z, x)
      } else {
        _ = list.add(.add, z, sum)
      }
      return try Session(model: model(list.graph, rows: 1), batchCapacity: 1).memoryBytes
    }
    #expect(try bytes(readsAgain: false) < bytes(readsAgain: true))
  }
}
