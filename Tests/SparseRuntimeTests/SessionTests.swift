import ModelFormats
import NeuralGraph
import SparseRuntime
import Testing

@Suite struct SessionTests {
  @Test(arguments: InstructionSet.available, [1, 3, 16, 20])
  func matchesTheReferenceOnWholeNetworks(_ instructionSet: InstructionSet, batch: Int) throws {
    let graph = try TestNetworks.residual()
    let weights = TestNetworks.weights(graph, seed: 1)
    let images = TestNetworks.normal(batch * graph.input.count, seed: 2)
    let expected = try ReferenceInterpreter(graph: graph, weights: weights)
      .run(images, count: batch)
    let dense = try Session(
      graph: graph, weights: weights, batchCapacity: batch, instructionSet: instructionSet)
    TestNetworks.expectEqual(try dense.run(images: images, count: batch), expected, "dense")

    for rows in [1, 2, 4] {
      let model = try TestNetworks.packed(
        graph, weights: weights, pattern: HybridPattern(keep: 2, block: 8, rows: rows),
        density: 0.4, seed: 3)
      let session = try Session(
        model: model, batchCapacity: batch, instructionSet: instructionSet)
      #expect(session.instructionSet == instructionSet)
      let reference = ReferenceInterpreter(
        graph: model.description.graph, weights: try model.denseWeights())
      TestNetworks.expectEqual(
        try session.run(images: images, count: batch), try reference.run(images, count: batch),
        "rows \(rows)")
    }
  }

  /// What a file stores in fewer bits is multiplied as it reads, widened.
  @Test(arguments: InstructionSet.available, [Precision.float16, .int8])
  func filesInFewerBitsMatchTheirWidenedWeights(
    _ instructionSet: InstructionSet, storage: Precision
  ) throws {
    let graph = try TestNetworks.residual()
    let weights = TestNetworks.weights(graph, seed: 1)
    for (rows, keep) in [(1, 2), (2, 1), (4, 3)] {
      let model = try PackedModel(
        data: TestNetworks.packed(
          graph, weights: weights, pattern: HybridPattern(keep: keep, block: 8, rows: rows),
          density: 0.4, seed: 3
        ).serialized(precision: storage))
      let reference = ReferenceInterpreter(
        graph: model.description.graph, weights: try model.denseWeights())
      for batch in [1, 5] {
        let images = TestNetworks.normal(batch * graph.input.count, seed: 2)
        let session = try Session(
          model: model, batchCapacity: batch, instructionSet: instructionSet)
        TestNetworks.expectEqual(
          try session.run(images: images, count: batch),
          try reference.run(images, count: batch), "\(storage), \(rows) rows")
      }
    }
  }

  @Test func runsResNet20() throws {
    let graph = try Architecture.resnet20.graph(
      input: ActivationShape(channels: 1, height: 28, width: 28), classes: 10)
    let weights = TestNetworks.weights(graph, seed: 4)
    let model = try TestNetworks.packed(
      graph, weights: weights, pattern: HybridPattern(keep: 2, block: 16), density: 0.2, seed: 5)
    let images = TestNetworks.normal(2 * graph.input.count, seed: 6)
    let session = try Session(model: model, batchCapacity: 2)
    let reference = ReferenceInterpreter(
      graph: model.description.graph, weights: try model.denseWeights())
    TestNetworks.expectEqual(
      try session.run(images: images, count: 2), try reference.run(images, count: 2), "resnet20")
  }

  @Test func flattensIntoLinearLayers() throws {
    var builder = GraphBuilder(input: ActivationShape(channels: 2, height: 6, width: 5))
    var x = builder.convolution("conv", builder.image, out: 6, kernel: 3, padding: 1)
    x = builder.relu("relu", x)
    x = builder.linear("fc1", x, features: 180, out: 11)
    x = builder.relu("relu1", x)
    x = builder.linear("fc2", x, features: 11, out: 3)
    let graph = try builder.graph(output: x)
    let weights = TestNetworks.weights(graph, seed: 7)
    for batch in [1, 5, 17] {
      let model = try TestNetworks.packed(
        graph, weights: weights, pattern: HybridPattern(keep: 3, block: 8, rows: 2),
        density: 0.5, seed: 8)
      let images = TestNetworks.normal(batch * graph.input.count, seed: 9)
      let reference = ReferenceInterpreter(
        graph: model.description.graph, weights: try model.denseWeights())
      let session = try Session(model: model, batchCapacity: batch)
      TestNetworks.expectEqual(
        try session.run(images: images, count: batch), try reference.run(images, count: batch),
        "batch \(batch)")
    }
  }

  @Test func answersFewerImagesThanItsCapacity() throws {
    let graph = try TestNetworks.residual()
    let weights = TestNetworks.weights(graph, seed: 1)
    for capacity in [5, 40] {
      let session = try Session(graph: graph, weights: weights, batchCapacity: capacity)
      let images = TestNetworks.normal(capacity * graph.input.count, seed: 2)
      let all = try session.run(images: images, count: capacity)
      for count in [1, 2, capacity - 1] {
        let some = try session.run(
          images: Array(images.prefix(count * graph.input.count)), count: count)
        TestNetworks.expectEqual(
          some, Array(all.prefix(count * session.classCount)), "\(count) of \(capacity)")
      }
    }
  }

  @Test(arguments: [1, 32])
  func threadsDoNotChangeABit(batch: Int) throws {
    // Large enough for the layers to be threaded, by row groups and by positions.
    var builder = GraphBuilder(input: ActivationShape(channels: 16, height: 28, width: 28))
    var x = builder.convolution("a", builder.image, out: 64, kernel: 3, padding: 1, bias: true)
    x = builder.relu("relu", x)
    x = builder.convolution("b", x, out: 256, kernel: 3, stride: 4, padding: 1, bias: true)
    x = builder.convolution("c", x, out: 256, kernel: 3, padding: 1, bias: true)
    x = builder.globalAveragePool("pool", x)
    let graph = try builder.graph(output: x)
    let weights = TestNetworks.weights(graph, seed: 1)
    let images = TestNetworks.normal(batch * graph.input.count, seed: 2)
    var results: [[Float]] = []
    for threads in [1, 2, 3] {
      let session = try Session(
        graph: graph, weights: weights, batchCapacity: batch, exactly: threads)
      results.append(try session.run(images: images, count: batch))
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
    // Images this large go through one by one; the last one stands for all.
    let reference = ReferenceInterpreter(graph: graph, weights: weights)
    TestNetworks.expectEqual(
      Array(results[0].suffix(256)),
      try reference.run(Array(images.suffix(graph.input.count)), count: 1), "batch \(batch)")
  }

  @Test func propagatesNaN() throws {
    var builder = GraphBuilder(input: ActivationShape(channels: 1, height: 4, width: 4))
    var x = builder.convolution("conv", builder.image, out: 2, kernel: 1, bias: true)
    x = builder.relu("relu", x, limit: 6)
    x = builder.globalAveragePool("pool", x)
    let graph = try builder.graph(output: x)
    let session = try Session(
      graph: graph, weights: TestNetworks.weights(graph, seed: 1), batchCapacity: 1)
    let scores = try session.run(images: [Float](repeating: .nan, count: 16), count: 1)
    #expect(scores.count { $0.isNaN } == 2)
  }

  @Test func reportsLayersWithKeptWeights() throws {
    let graph = try TestNetworks.residual()
    let model = try TestNetworks.packed(
      graph, weights: TestNetworks.weights(graph, seed: 1),
      pattern: HybridPattern(keep: 2, block: 8, rows: 2), density: 0.4, seed: 3)
    let session = try Session(model: model, batchCapacity: 1, instructionSet: .scalar)
    let counts = try model.multiplyAccumulates()
    #expect(session.layers.count == counts.count)
    for layer in session.layers { #expect(layer.multiplyAccumulates == counts[layer.name]) }
    let layer = try #require(session.layers.first { $0.name == "block0.conv2" })
    #expect(layer.density < 0.3)
    #expect(layer.kernel.hasPrefix("scalar "))
    #expect(layer.outputShape == ActivationShape(channels: 22, height: 4, width: 4))
  }

  @Test func refusesWhatDoesNotFit() throws {
    let graph = try TestNetworks.residual()
    let weights = TestNetworks.weights(graph, seed: 1)
    let session = try Session(graph: graph, weights: weights, batchCapacity: 2)
    let size = graph.input.count
    #expect(throws: RuntimeError.imageCount(found: 0, capacity: 2)) {
      try session.run(images: [], count: 0)
    }
    #expect(throws: RuntimeError.imageCount(found: 3, capacity: 2)) {
      try session.run(images: [Float](repeating: 0, count: 3 * size), count: 3)
    }
    #expect(throws: RuntimeError.valueCount(expected: size, found: size + 1)) {
      try session.run(images: [Float](repeating: 0, count: size + 1), count: 1)
    }
    for (name, batch, threads) in [
      ("the batch capacity", 0, 1), ("the batch capacity", 1 << 20, 1),
      ("the number of threads", 1, 0), ("the number of threads", 1, 1000),
    ] {
      let isBatch = name == "the batch capacity"
      let limit = isBatch ? Session.largestBatch : Session.mostThreads
      #expect(
        throws: RuntimeError.invalidSetting(
          name: name, value: isBatch ? batch : threads, allowed: 1...limit)
      ) {
        try Session(graph: graph, weights: weights, batchCapacity: batch, threads: threads)
      }
    }
    #expect(throws: RuntimeError.graph(.missingWeight("stem.weight"))) {
      try Session(graph: graph, weights: [:], batchCapacity: 1)
    }
    for other in InstructionSet.allCases where !InstructionSet.available.contains(other) {
      #expect(throws: RuntimeError.unsupportedInstructionSet(other.rawValue)) {
        try Session(graph: graph, weights: weights, batchCapacity: 1, instructionSet: other)
      }
    }
  }

  @Test func refusesActivationsBeyondMemory() throws {
    // A small file can describe huge activations.
    for side in [1 << 15, 1 << 20] {
      let graph = Graph(
        input: ActivationShape(channels: 1, height: side, width: side),
        nodes: [
          Node(
            name: "conv",
            operation: .convolution(
              Convolution(
                inChannels: 1, outChannels: 1, window: Window(kernel: 1), bias: false)),
            inputs: ["input"]),
          Node(name: "pool", operation: .globalAveragePool, inputs: ["conv"]),
        ], output: "pool")
      #expect(throws: RuntimeError.tooLarge(layer: "input")) {
        try Session(
          graph: graph, weights: ["conv.weight": Tensor(shape: [1, 1, 1, 1], filledWith: 1)],
          batchCapacity: 64)
      }
    }
  }
}
