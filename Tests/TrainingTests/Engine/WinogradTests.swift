import NeuralGraph
import Randomness
import Testing
import Training

/// Which layers use Winograd's algorithm, and that they compute the same.
@Suite struct WinogradTests {
  private func layer(
    _ inputs: Int, _ outputs: Int, kernel: Int = 3, stride: Int = 1, padding: Int = 1,
    groups: Int = 1
  ) -> Convolution {
    Convolution(
      inChannels: inputs, outChannels: outputs,
      window: Window(kernel: kernel, stride: stride, padding: padding), groups: groups, bias: false)
  }

  /// Expected by hand from the counts of multiply-adds that the rule documents.
  @Test(arguments: [
    // Many products for each transformed value
    (64, 64, 1, 56, true), (64, 64, 64, 56, true), (16, 16, 1, 56, true),
    // Too few pixels for the weights' transformation, then enough of them
    (512, 512, 1, 4, false), (512, 512, 64, 4, true), (64, 64, 64, 4, true),
    // Too few channels for the activations'
    (3, 64, 1, 56, false), (16, 16, 1, 28, false),
    // Four tiles of 4 x 4 for 25 pixels
    (64, 64, 64, 5, false),
  ]) func choiceFollowsTheCounts(
    inputs: Int, outputs: Int, images: Int, size: Int, isFaster: Bool
  ) {
    let found = WinogradChoice.isFaster(
      layer(inputs, outputs), images: images, height: size, width: size)
    #expect(found == isFaster)
  }

  @Test func otherConvolutionsAreDirect() {
    func isFaster(_ c: Convolution) -> Bool {
      WinogradChoice.isFaster(c, images: 8, height: 56, width: 56)
    }
    #expect(isFaster(layer(64, 64)))
    #expect(isFaster(layer(64, 64, padding: 0)))
    #expect(!isFaster(layer(64, 64, padding: 2)))
    #expect(!isFaster(layer(64, 64, stride: 2)))
    #expect(!isFaster(layer(64, 64, groups: 2)))
    #expect(!isFaster(layer(64, 64, kernel: 1, padding: 0)))
    #expect(!isFaster(layer(64, 64, kernel: 5, padding: 1)))
  }

  /// More images spread the weights' transformation thinner.
  @Test func moreImagesNeverSpeakAgainst() {
    for channels in [16, 32, 64, 256] {
      for size in [4, 7, 8, 14, 28] {
        let choices = [1, 2, 4, 8, 16, 32, 64, 128].map {
          WinogradChoice.isFaster(layer(channels, channels), images: $0, height: size, width: size)
        }
        for (few, many) in zip(choices, choices.dropFirst()) { #expect(!few || many) }
      }
    }
  }

  /// Two layers, the second of them with a 3 x 3 kernel, or with the same in the middle of 5 x 5.
  private func graph(kernel: Int) throws -> Graph {
    var builder = GraphBuilder(input: ActivationShape(channels: 3, height: 56, width: 56))
    let stem = builder.convolution("stem", builder.image, out: 64, kernel: 1)
    let convolution = builder.convolution(
      "conv", stem, out: 64, kernel: kernel, padding: kernel / 2, bias: true)
    let rectified = builder.relu("relu", builder.batchNorm("bn", convolution))
    let pooled = builder.globalAveragePool("pool", rectified)
    let scores = builder.linear("fc", pooled, features: 64, out: 5)
    return try builder.graph(output: scores)
  }

  /// The middle 3 x 3 of every 5 x 5.
  private func middle(_ values: [Float]) -> [Float] {
    values.indices.filter { (1...3).contains($0 % 5) && (1...3).contains($0 / 5 % 5) }
      .map { values[$0] }
  }

  @Test(arguments: [PassMode.training, .evaluationGradient], [1, 2])
  func equalsTheDirectAlgorithm(mode: PassMode, threads: Int) throws {
    let count = 2
    #expect(WinogradChoice.isFaster(layer(64, 64), images: count, height: 56, width: 56))
    let (small, large) = (try graph(kernel: 3), try graph(kernel: 5))
    let weights = small.initialWeights(seed: 1)
    var padded = weights
    let kernel = try #require(weights["conv.weight"])
    var wide = Tensor(shape: [64, 64, 5, 5], filledWith: 0)
    for i in kernel.values.indices {
      wide.values[i / 9 * 25 + (i / 3 % 3 + 1) * 5 + i % 3 + 1] = kernel.values[i]
    }
    #expect(middle(wide.values) == kernel.values)
    padded["conv.weight"] = wide

    var generator = SeededGenerator(seed: 2)
    let images = (0..<count * small.input.count).map { _ in Float(generator.nextGaussian()) }
    func step(_ graph: Graph, _ weights: Weights) throws -> ([Float], Network) {
      let network = try Network(graph: graph, weights: weights, threads: threads)
      let scores = try network.forward(images, count: count, mode: mode)
      try network.backward((0..<scores.count).map { Float($0 * 7 % 5) - 2 })
      return (scores, network)
    }
    let (expectedScores, direct) = try step(large, padded)
    let (scores, winograd) = try step(small, weights)
    #expect(relativeError(scores, expectedScores) < 1e-4)
    for (name, parameter) in winograd.parameters where parameter.parameter.role.isLearned {
      // A bias before batch norm has no effect on training: its gradient is rounding noise.
      if mode == .training, name == "conv.bias" { continue }
      var expected = Array(try #require(direct.parameters[name]).gradient)
      if name == "conv.weight" { expected = middle(expected) }
      #expect(relativeError(parameter.gradient, expected) < 1e-4, "\(name)")
    }
  }
}
