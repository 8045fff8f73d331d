import ModelFormats
import NeuralGraph
import Randomness
import SparseRuntime
import Testing

/// Convolutions with fewer multiplications against the reference in double precision.
@Suite struct WinogradTests {
  /// One layer.
  private struct Case {
    var channels = 10
    var out = 26
    var height = 24
    var width = 25
    var window: Window

    func graph() throws -> Graph {
      let graph = Graph(
        input: ActivationShape(channels: channels, height: height, width: width),
        nodes: [
          Node(
            name: "conv",
            operation: .convolution(
              Convolution(
                inChannels: channels, outChannels: out, window: window, groups: 1, bias: true)),
            inputs: ["input"])
        ], output: "conv")
      _ = try graph.shapes()
      return graph
    }
  }

  /// Expects all instruction sets' largest errors to be less than `limit` of the largest result.
  private func check(
    _ graph: Graph, batch: Int, usesTransform: Bool = true, limit: Float = 2e-6,
    _ context: String = "", sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let weights = TestNetworks.weights(graph, seed: 7)
    let images = TestNetworks.normal(batch * graph.input.count, seed: 8)
    let expected = try ReferenceInterpreter(graph: graph, weights: weights)
      .run(images, count: batch)
    let largest = expected.map(abs).max() ?? 1
    for instructionSet in InstructionSet.available {
      let session = try Session(
        graph: graph, weights: weights, batchCapacity: batch, instructionSet: instructionSet)
      #expect(
        session.layers.contains { $0.kernel.contains("winograd") } == usesTransform, "\(context)",
        sourceLocation: sourceLocation)
      // Twice: the second run meets the first one's activations.
      for _ in 0..<2 {
        let found = try session.run(images: images, count: batch)
        try #require(found.count == expected.count)
        let worst = zip(found, expected).reduce(into: Float(0)) { worst, pair in
          let error = abs(pair.0 - pair.1)
          worst = error.isNaN ? .infinity : max(worst, error)
        }
        #expect(
          worst < limit * largest, "\(instructionSet) \(context)", sourceLocation: sourceLocation)
      }
    }
  }

  /// Large and strided kernels, and those of three and four rows; whole and ragged strips, one and
  /// several side by side; columns that fill vectors and that do not.
  @Test(arguments: [
    Window(kernel: 7, stride: 2, padding: 3), Window(kernel: 7, stride: 2),
    Window(kernel: 8, stride: 2, padding: 3), Window(kernel: 5, stride: 2, padding: 2),
    Window(kernel: 5, stride: 2, padding: 4), Window(kernel: 3, padding: 1), Window(kernel: 3),
    Window(kernel: 4, padding: 2), Window(kernel: 9, stride: 3, padding: 2),
    Window(
      kernelHeight: 3, kernelWidth: 5, strideHeight: 1, strideWidth: 2,
      padding: Padding(top: 2, left: 0, bottom: 0, right: 3)),
    Window(
      kernelHeight: 7, kernelWidth: 3, strideHeight: 2, strideWidth: 1,
      padding: Padding(top: 1, left: 0, bottom: 5, right: 1)),
  ])
  func matchesTheReferenceOverShapes(_ window: Window) throws {
    for (rows, columns, batch) in [(16, 16, 1), (15, 31, 2), (18, 13, 3), (17, 70, 1)] {
      // A ragged strip costs five rows what they would save.
      if window.kernelHeight == 5, rows > 16 { continue }
      let height = (rows - 1) * window.strideHeight + window.kernelHeight
      let width = (columns - 1) * window.strideWidth + window.kernelWidth
      let layer = Case(
        height: height - window.padding.top - window.padding.bottom,
        width: width - window.padding.left - window.padding.right, window: window)
      try check(layer.graph(), batch: batch, "\(rows)x\(columns) x\(batch)")
    }
  }

  /// Sixteen images side by side.
  @Test func matchesTheReferenceOverInterleavedBatches() throws {
    for window in [Window(kernel: 3, padding: 1), Window(kernel: 7, stride: 2, padding: 3)] {
      for (side, batch) in [(8, 16), (13, 19)] {
        let layer = Case(height: side * 2, width: side, window: window)
        try check(layer.graph(), batch: batch, "\(window) \(side)")
      }
    }
  }

  /// More input than the first-level cache holds, whose sums are taken up again.
  @Test func matchesTheReferenceOverManyChannels() throws {
    let layer = Case(
      channels: 130, out: 21, height: 14, width: 14, window: Window(kernel: 3, padding: 1))
    try check(layer.graph(), batch: 2)
  }

  /// What is merged into the layer: an addition and a clamp, which makes the largest result small.
  @Test func addsAndClamps() throws {
    for width in [16, 19] {
      var list = NodeList(6, 16, width)
      let x = list.convolution("input", out: 10, kernel: 1)
      let y = list.convolution(x, out: 10, kernel: 3)
      _ = list.add(.relu(limit: 1), list.add(.add, y, x))
      try check(list.graph, batch: 2, limit: 1e-5)
    }
  }

  /// The gaps stay zero for the convolution that comes next.
  @Test func leavesThePaddingAlone() throws {
    var list = NodeList(3, 45, 37)
    let x = list.add(.relu(limit: nil), list.convolution("input", out: 8, kernel: 7, stride: 2))
    _ = list.convolution(list.convolution(x, out: 8, kernel: 3), out: 5, kernel: 3)
    try check(list.graph, batch: 3, limit: 4e-6)
  }

  @Test(arguments: InstructionSet.available)
  func answersTheSameBitsForAnyThreads(_ instructionSet: InstructionSet) throws {
    for window in [Window(kernel: 7, stride: 2, padding: 3), Window(kernel: 3, padding: 1)] {
      let graph = try Case(height: 37, width: 33, window: window).graph()
      let weights = TestNetworks.weights(graph, seed: 1)
      let images = TestNetworks.normal(3 * graph.input.count, seed: 2)
      let answers = try [1, 2, 3, 5].map { threads in
        try Session(
          graph: graph, weights: weights, batchCapacity: 3, exactly: threads,
          instructionSet: instructionSet
        ).run(images: images, count: 3)
      }
      for answer in answers { #expect(answer == answers[0]) }
    }
  }

  /// Few rows, few multiplications to save, groups: the usual way.
  @Test func leavesOtherLayersAlone() throws {
    let others = [
      Case(height: 7, width: 7, window: Window(kernel: 3, padding: 1)),
      Case(height: 32, width: 32, window: Window(kernel: 3, stride: 2, padding: 1)),
      Case(height: 32, width: 32, window: Window(kernel: 1)),
      Case(height: 32, width: 32, window: Window(kernel: 2)),
      Case(channels: 1, height: 32, width: 32, window: Window(kernel: 3, padding: 1)),
    ]
    for layer in others {
      try check(layer.graph(), batch: 1, usesTransform: false, "\(layer.window)")
    }
  }

  /// A packed layer with few zeros is quicker with all of them; one with many is not.
  @Test func takesPackedLayersWithFewZeros() throws {
    let graph = try Case(
      channels: 32, out: 32, height: 32, width: 32, window: Window(kernel: 3, padding: 1)
    ).graph()
    let weights = TestNetworks.weights(graph, seed: 1)
    let images = TestNetworks.normal(graph.input.count, seed: 2)
    for (keep, rows, density, transforms) in [
      (3, 4, 1.0, true), (2, 1, 1.0, true), (2, 4, 1.0, false), (3, 1, 0.3, false),
    ] {
      let model = try TestNetworks.packed(
        graph, weights: weights, pattern: HybridPattern(keep: keep, block: 16, rows: rows),
        density: density, seed: 3)
      let session = try Session(model: model, batchCapacity: 1)
      let layer = try #require(session.layers.first)
      #expect(layer.kernel.contains("winograd") == transforms, "\(keep):4 V\(rows) \(density)")
      #expect(layer.keptWeights == model.layers[layer.name]?.keptWeights)
      TestNetworks.expectEqual(
        try session.run(images: images, count: 1),
        try ReferenceInterpreter(
          graph: model.description.graph, weights: try model.denseWeights()
        ).run(images, count: 1), "\(keep):4 V\(rows) \(density)")
    }
  }
}
