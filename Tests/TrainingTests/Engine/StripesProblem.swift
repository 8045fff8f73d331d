import NeuralGraph
import Randomness
import Training

/// A small network and endless noisy pictures of four kinds of stripes, which it learns in a few
/// steps.
struct StripesProblem {
  static let classes = 4
  static let batchSize = 32
  let graph: Graph
  let weights: Weights

  init() throws {
    var builder = GraphBuilder(input: ActivationShape(channels: 3, height: 8, width: 8))
    let first = builder.convolution("conv1", builder.image, out: 16, kernel: 3, padding: 1)
    let stem = builder.relu("relu1", builder.batchNorm("bn1", first))
    let second = builder.convolution("conv2", stem, out: 16, kernel: 3, padding: 1)
    let sum = builder.add("sum", builder.batchNorm("bn2", second), stem)
    let rectified = builder.relu("relu2", sum, limit: 6)
    let third = builder.convolution("conv3", rectified, out: 20, kernel: 3, stride: 2, padding: 1)
    let last = builder.relu("relu3", builder.batchNorm("bn3", third))
    let pooled = builder.globalAveragePool("pool", last)
    let scores = builder.linear("fc", pooled, features: 20, out: StripesProblem.classes)
    graph = try builder.graph(output: scores)
    weights = graph.initialWeights(seed: 11)
  }

  /// Batch `index`, always the same.
  func batch(_ index: Int) -> (images: [Float], labels: [Int]) {
    var generator = SeededGenerator(seed: 13 + UInt64(index))
    let labels = (0..<StripesProblem.batchSize).map { _ in
      generator.nextIndex(below: StripesProblem.classes)
    }
    let images = labels.flatMap { label in
      (0..<graph.input.count).map { i -> Float in
        let (row, column) = (i / 8 % 8, i % 8)
        let phase = [row, column, row + column, row / 2][label]
        return (phase % 2 == 0 ? 1 : -1) + Float(generator.nextGaussian())
      }
    }
    return (images, labels)
  }

  /// The losses of some steps from the start.
  func train(_ network: Network, steps: Int) throws -> [Double] {
    let optimizer = try SGD(network)
    return try (0..<steps).map { step in
      let (images, labels) = batch(step)
      let scores = try network.forward(images, count: labels.count, mode: .training)
      let loss = try Loss.crossEntropy(scores, labels: labels, classes: StripesProblem.classes)
      try network.backward(loss.gradient)
      optimizer.step(learningRate: 0.05)
      return loss.value
    }
  }
}
