import NeuralGraph
import Randomness
import Testing
import Training

/// Counting zeros where layers read, against the values themselves.
@Suite struct ActivationDensityTests {
  /// Odd channel counts, so that blocked layouts have padding, a value with two readers, and a ReLU that
  /// the engine computes with the convolution before it.
  private func graph() throws -> Graph {
    var builder = GraphBuilder(input: ActivationShape(channels: 3, height: 9, width: 7))
    let first = builder.relu("relu1", builder.convolution("a", builder.image, out: 10, kernel: 3))
    let left = builder.relu(
      "relu2", builder.convolution("b", first, out: 13, kernel: 3, padding: 1))
    let right = builder.convolution("c", first, out: 13, kernel: 1)
    let sum = builder.relu("relu3", builder.add("sum", left, right))
    let scores = builder.linear("d", sum, features: 13 * 7 * 5, out: 4)
    return try builder.graph(output: scores)
  }

  @Test(arguments: [1, 3]) func densitiesAreThoseOfTheValues(count: Int) throws {
    let graph = try graph()
    let weights = graph.initialWeights(seed: 3)
    var generator = SeededGenerator(seed: 5, stream: "images")
    // Half of the pixels are zero.
    let images = (0..<count * graph.input.count).map { _ in
      max(0, Float(generator.nextUniform()) - 0.5)
    }
    let found = try Network(graph: graph, weights: weights, threads: 1)
      .activationDensities(images, count: count)
    #expect(found.keys.sorted() == ["a", "b", "c", "d"])
    #expect(found["a"] == share(images))
    for (layer, value) in [("b", "relu1"), ("c", "relu1"), ("d", "relu3")] {
      // The engine answers with the last value only: the network, cut there.
      var cut = graph
      let position = try #require(graph.nodes.firstIndex { $0.name == value })
      cut.nodes = Array(graph.nodes[...position])
      cut.output = value
      let names = Set(cut.parameters().map(\.name))
      let values = try Network(
        graph: cut, weights: weights.filter { names.contains($0.key) }, threads: 1
      ).forward(images, count: count, mode: .inference)
      #expect(found[layer] == share(values), "\(layer)")
      #expect(share(values) < 0.9, "or this says nothing")
    }
  }

  @Test func imagesMustFit() throws {
    let network = try Network(
      graph: graph(), weights: graph().initialWeights(seed: 3), threads: 1)
    #expect(throws: TrainingError.self) { try network.activationDensities([0, 1], count: 1) }
  }

  private func share(_ values: [Float]) -> Double {
    Double(values.count { $0 != 0 }) / Double(values.count)
  }
}
