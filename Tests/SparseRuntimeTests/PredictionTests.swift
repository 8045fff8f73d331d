import ModelFormats
import NeuralGraph
import SparseRuntime
import Testing

@Suite struct PredictionTests {
  @Test func ranksByProbability() {
    let ranked = Prediction.ranked(
      scores: [0, 2, 1] as [Float], labels: ["a", "b", "c"], count: 2)
    #expect(ranked.map(\.label) == ["b", "c"])
    #expect(ranked.map(\.index) == [1, 2])
    #expect(abs(ranked[0].probability - 0.66524) < 1e-5)
  }

  @Test func survivesLargeScoresAndBreaksTies() {
    let ranked = Prediction.ranked(scores: [1e30, 1e30] as [Float], labels: ["a", "b"])
    #expect(ranked.map(\.label) == ["a", "b"])
    #expect(ranked.map(\.probability) == [0.5, 0.5])
    #expect(Prediction.ranked(scores: [] as [Float], labels: []).isEmpty)
  }

  @Test func predictsEachImage() throws {
    let graph = try TestNetworks.residual()
    let session = try Session(
      graph: graph, weights: TestNetworks.weights(graph, seed: 1), batchCapacity: 3)
    let images = TestNetworks.normal(3 * graph.input.count, seed: 2)
    let labels = ["a", "b", "c", "d", "e"]
    let scores = try session.run(images: images, count: 3)
    let predictions = try session.predict(images: images, count: 3, labels: labels, top: 1)
    for image in 0..<3 {
      let row = Array(scores[image * 5..<(image + 1) * 5])
      #expect(predictions[image].first?.index == row.firstIndex(of: try #require(row.max())))
    }
  }
}

@Suite struct PixelInputTests {
  @Test func normalisesChannelByChannel() throws {
    let preprocessing = try Preprocessing(
      shape: ActivationShape(channels: 2, height: 1, width: 2), mean: [0.5, 0],
      standardDeviation: [0.5, 2])
    let input = try preprocessing.normalized(pixels: [0, 255, 255, 0, 51, 51, 0, 0])
    #expect(input.count == 8)
    let expected: [Float] = [-1, 1, 0.5, 0, -0.6, -1, 0.1, 0]
    for (found, expected) in zip(input, expected) { #expect(abs(found - expected) < 1e-6) }
    #expect(throws: RuntimeError.valueCount(expected: 4, found: 5)) {
      try preprocessing.normalized(pixels: [0, 0, 0, 0, 0])
    }
  }
}
