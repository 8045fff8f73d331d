import ModelFormats
import NeuralGraph
import SparseRuntime
import Testing

/// Times of a session's nodes.
@Suite struct ProfileTests {
  private func session(_ graph: Graph, batch: Int, threads: Int = 1) throws -> Session {
    let model = try TestNetworks.packed(
      graph, weights: TestNetworks.weights(graph, seed: 1),
      pattern: HybridPattern(keep: 2, block: 8), density: 0.5, seed: 2)
    return try Session(model: model, batchCapacity: batch, exactly: threads)
  }

  @Test(arguments: [1, 18], [1, 3])
  func everyNodeHasOneTimeInGraphOrder(batch: Int, threads: Int) throws {
    let graph = try TestNetworks.residual()
    let session = try session(graph, batch: batch, threads: threads)
    let images = TestNetworks.normal(batch * graph.input.count, seed: 3)
    let timings = try session.profile(images: images, count: batch, rounds: 3)
    let names = timings.map(\.name)
    #expect(Set(names).count == names.count)
    // What was merged into a layer has no time of its own; the rest keeps its order.
    let order = graph.nodes.map(\.name).filter(Set(names).contains)
    #expect(names == order)
    #expect(names.contains("pool1") && names.contains("pool3") && names.contains("fc"))
    #expect(!names.contains("stem_relu"))
    #expect(timings.compactMap(\.layer) == session.layers)
    for timing in timings {
      #expect(timing.microseconds > 0 && timing.microseconds < 1e9, "\(timing.name)")
      #expect(timing.layer == nil || timing.layer?.name == timing.name)
      let rate = timing.gigaflops(images: batch)
      #expect((rate > 0) == (timing.layer != nil), "\(timing.name)")
    }
  }

  @Test func ratesCountKeptWeightsOfAllImages() throws {
    let graph = try TestNetworks.residual()
    let images = TestNetworks.normal(graph.input.count, seed: 3)
    let timings = try session(graph, batch: 1).profile(images: images, count: 1, rounds: 1)
    let timing = try #require(timings.first { $0.name == "block0.conv2" })
    let layer = try #require(timing.layer)
    // 22 outputs of 198 inputs each, on 4 x 4 positions.
    #expect(layer.keptWeights < 22 * 198)
    let operations = 2 * layer.keptWeights * 16
    #expect(timing.gigaflops(images: 1) == Double(operations) / timing.microseconds / 1000)
    #expect(timing.gigaflops(images: 4) == Double(4 * operations) / timing.microseconds / 1000)
  }

  @Test func profilingChangesNoAnswer() throws {
    let graph = try TestNetworks.residual()
    let session = try session(graph, batch: 2)
    let images = TestNetworks.normal(2 * graph.input.count, seed: 3)
    let before = try session.run(images: images, count: 2)
    _ = try session.profile(images: images, count: 2, rounds: 2)
    #expect(try session.run(images: images, count: 2) == before)
  }

  @Test func refusesWhatDoesNotFit() throws {
    let graph = try TestNetworks.residual()
    let session = try session(graph, batch: 2)
    let size = graph.input.count
    for count in [-1, 0, 3, .max, .min] {
      #expect(throws: RuntimeError.imageCount(found: count, capacity: 2)) {
        try session.profile(images: [], count: count)
      }
    }
    #expect(throws: RuntimeError.valueCount(expected: size, found: size - 1)) {
      try session.profile(images: [Float](repeating: 0, count: size - 1), count: 1)
    }
  }
}
