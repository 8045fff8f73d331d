import ModelFormats
import NeuralGraph
import SparseRuntime
import Testing

/// The blocks of imported networks against the reference, one by one and sixteen side by side.
@Suite struct BlockTests {
  private func check(
    _ graph: Graph, batch: Int, capacity: Int? = nil, _ instructionSet: InstructionSet,
    _ context: String
  ) throws {
    let weights = TestNetworks.weights(graph, seed: 1)
    let images = TestNetworks.normal(batch * graph.input.count, seed: 2)
    let expected = try ReferenceInterpreter(graph: graph, weights: weights)
      .run(images, count: batch)
    let session = try Session(
      graph: graph, weights: weights, batchCapacity: capacity ?? batch,
      instructionSet: instructionSet)
    // Twice: the second run meets the first one's activations, in the gaps too.
    for _ in 0..<2 {
      TestNetworks.expectEqual(
        try session.run(images: images, count: batch), expected, "\(context) x\(batch)")
    }
  }

  @Test(arguments: BlockNetworks.allCases, 1...33)
  func matchesTheReferenceOverBatches(_ network: BlockNetworks, batch: Int) throws {
    try check(network.graph, batch: batch, .best, network.rawValue)
  }

  @Test(arguments: BlockNetworks.allCases, InstructionSet.available)
  func matchesTheReferenceOnEveryProcessor(
    _ network: BlockNetworks, _ instructionSet: InstructionSet
  ) throws {
    for batch in [1, 2, 15, 16, 17, 33] {
      try check(network.graph, batch: batch, instructionSet, network.rawValue)
    }
    // A session made for more images than it gets.
    try check(network.graph, batch: 3, capacity: 12, instructionSet, "three of twelve")
    try check(network.graph, batch: 3, capacity: 40, instructionSet, "three of forty")
  }

  /// One operation between two convolutions with padding, which would see anything that it left in
  /// the gaps.
  static let operations: [Operation] = [
    .clip(lower: 0.25, upper: 1), .clip(lower: -1, upper: -0.5), .sigmoid,
    .hardSigmoid(slope: 0.2, offset: 0.5), .hardSwish, .scaleShift(channels: 6),
    .averagePool(Window(kernel: 3, padding: 1), countsPadding: true),
    .averagePool(Window(kernel: 2, stride: 2, padding: 1), countsPadding: true),
    .averagePool(
      Window(
        kernelHeight: 3, kernelWidth: 2, strideHeight: 1, strideWidth: 2,
        padding: Padding(top: 2, left: 0, bottom: 1, right: 1)), countsPadding: true),
    .pad(Padding(1)), .pad(Padding(top: 0, left: 2, bottom: 3, right: 0)),
    .pad(Padding(0)), .pad(Padding(top: 9, left: 0, bottom: 0, right: 9)),
  ]

  @Test(arguments: operations.indices, InstructionSet.available)
  func operationsKeepTheGapsZero(_ index: Int, _ instructionSet: InstructionSet) throws {
    let operation = Self.operations[index]
    for (height, width) in [(1, 1), (2, 7), (5, 3), (8, 8)] {
      for batch in [1, 7, 18] {
        var list = NodeList(3, height, width)
        var x = list.convolution("input", out: 6, kernel: 3)
        // Two readers, so that clamps cannot be fused.
        let y = list.add(operation, x)
        x = list.convolution(y, out: 5, kernel: 5)
        let graph = list.graph
        // Windows that do not fit have no graph.
        guard (try? graph.shapes()) != nil else { continue }
        try check(graph, batch: batch, instructionSet, "\(operation) \(height)x\(width)")
        _ = list.add(.add, list.add(.hardSwish, y), list.convolution(y, out: 6, kernel: 3))
        try check(list.graph, batch: batch, instructionSet, "\(operation), read twice")
      }
    }
  }

  /// Infinite gates must not leave anything where the next images' padding lies.
  @Test(arguments: InstructionSet.available, [1, 16])
  func spoiledImagesSpoilNoOthers(_ instructionSet: InstructionSet, batch: Int) throws {
    for network in BlockNetworks.allCases {
      let graph = network.graph
      let weights = TestNetworks.weights(graph, seed: 1)
      let images = TestNetworks.normal(batch * graph.input.count, seed: 2)
      let session = try Session(
        graph: graph, weights: weights, batchCapacity: batch, instructionSet: instructionSet)
      let clean = try session.run(images: images, count: batch)
      for bad in [Float.nan, .infinity, -.infinity, 3e38] {
        _ = try session.run(
          images: [Float](repeating: bad, count: images.count), count: batch)
        #expect(try session.run(images: images, count: batch) == clean, "\(network) \(bad)")
      }
    }
  }

  @Test func runsPackedBlocks() throws {
    for network in BlockNetworks.allCases {
      let graph = network.graph
      let model = try TestNetworks.packed(
        graph, weights: TestNetworks.weights(graph, seed: 3),
        pattern: HybridPattern(keep: 2, block: 8, rows: 2), density: 0.5, seed: 4)
      let reference = ReferenceInterpreter(
        graph: model.description.graph, weights: try model.denseWeights())
      for batch in [1, 17] {
        let images = TestNetworks.normal(batch * graph.input.count, seed: 5)
        let session = try Session(model: model, batchCapacity: batch)
        TestNetworks.expectEqual(
          try session.run(images: images, count: batch), try reference.run(images, count: batch),
          "\(network) x\(batch)")
      }
    }
  }
}
