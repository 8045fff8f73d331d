import Datasets
import ModelFormats
import NeuralGraph
import ONNXModels
import Randomness
import Testing
import Training

/// Imported networks learn, whether their exporter had folded batch norm into the layers or not.
@Suite struct ImportedTrainingTests {
  private func batch(_ input: ActivationShape, classes: Int, count: Int) -> Batch {
    var generator = SeededGenerator(seed: 0, stream: "images")
    return Batch(
      images: (0..<count * input.count).map { _ in Float(generator.nextGaussian()) },
      labels: (0..<count).map { $0 % classes })
  }

  @Test(arguments: Golden.exported) func learns(_ golden: Golden) throws {
    let model = try golden.model()
    let graph = model.description.graph
    let hasBatchNorm = graph.nodes.contains {
      if case .batchNorm = $0.operation { true } else { false }
    }
    #expect(hasBatchNorm == (golden.name == "torch_unfolded"))
    let network = try Network(graph: graph, weights: model.weights, threads: 1)
    let optimizer = try SGD(network)
    let batch = batch(graph.input, classes: network.classCount, count: 8)
    var losses: [Double] = []
    for step in 0..<100 {
      losses.append(
        try network.trainingStep(batch, optimizer: optimizer, learningRate: 0.05, step: step))
    }
    let (first, last) = (try #require(losses.first), try #require(losses.last))
    #expect(last < 0.5 * first, "\(losses)")
  }

  /// Every imported operator has a backward pass: one update moves the matrix of every layer.
  /// (Constants that a later batch norm takes away have no gradient.)
  @Test(arguments: Golden.all) func everyMatrixMoves(_ golden: Golden) throws {
    let model = try golden.model()
    let graph = model.description.graph
    let network = try Network(graph: graph, weights: model.weights, threads: 1)
    let optimizer = try SGD(network, weightDecay: 0)
    let batch = batch(graph.input, classes: network.classCount, count: 4)
    _ = try network.trainingStep(batch, optimizer: optimizer, learningRate: 0.1, step: 0)
    let after = network.weights()
    for parameter in graph.parameters() where parameter.role == .weight {
      #expect(after[parameter.name] != model.weights[parameter.name], "\(parameter.name)")
    }
  }
}
