import NeuralGraph
import Testing
import Training

/// How many images are evaluated together.
@Suite struct EvaluationBatchSizeTests {
  @Test(arguments: [
    // (side of the image, images): 64 channels of it are the largest activation
    (8, 100), (51, 100), (224, 5), (512, 1), (600, 1),
  ]) func keepsActivationsBelow64MB(side: Int, images: Int) throws {
    var builder = GraphBuilder(input: ActivationShape(channels: 3, height: side, width: side))
    let wide = builder.convolution("conv", builder.image, out: 64, kernel: 1)
    let pooled = builder.globalAveragePool("pool", wide)
    let scores = builder.linear("fc", pooled, features: 64, out: 2)
    let graph = try builder.graph(output: scores)
    #expect(graph.evaluationBatchSize == images)
  }

  /// Graphs that do not fit together get some number; the engine says what is wrong with them.
  @Test func impossibleGraphsGetANumber() {
    let graph = Graph(
      input: ActivationShape(channels: 3, height: 8, width: 8), nodes: [], output: "nowhere")
    #expect((1...100).contains(graph.evaluationBatchSize))
  }
}
