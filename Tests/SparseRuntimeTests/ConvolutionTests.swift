import ModelFormats
import NeuralGraph
import Randomness
import SparseRuntime
import Testing

/// One layer at a time against the reference, over a sweep of everything a kernel depends on.
@Suite struct ConvolutionTests {
  private func check(
    _ graph: Graph, pattern: HybridPattern?, batch: Int, instructionSet: InstructionSet,
    seed: UInt64, context: String
  ) throws {
    let weights = TestNetworks.weights(graph, seed: seed)
    let images = TestNetworks.normal(batch * graph.input.count, seed: seed + 1)
    let session: Session
    let reference: ReferenceInterpreter
    if let pattern {
      let model = try TestNetworks.packed(
        graph, weights: weights, pattern: pattern, density: 0.5, seed: seed)
      session = try Session(
        model: model, batchCapacity: batch, instructionSet: instructionSet)
      reference = ReferenceInterpreter(
        graph: model.description.graph, weights: try model.denseWeights())
    } else {
      session = try Session(
        graph: graph, weights: weights, batchCapacity: batch, instructionSet: instructionSet)
      reference = ReferenceInterpreter(graph: graph, weights: weights)
    }
    let expected = try reference.run(images, count: batch)
    // Twice: the second run meets the first one's activations.
    for _ in 0..<2 {
      TestNetworks.expectEqual(
        try session.run(images: images, count: batch), expected, context)
    }
  }

  private func layer(
    channels: Int, out: Int, height: Int, width: Int, window: Window, groups: Int = 1
  ) throws -> Graph {
    let graph = Graph(
      input: ActivationShape(channels: channels, height: height, width: width),
      nodes: [
        Node(
          name: "conv",
          operation: .convolution(
            Convolution(
              inChannels: channels, outChannels: out, window: window, groups: groups,
              bias: true)), inputs: ["input"])
      ], output: "conv")
    _ = try graph.shapes()
    return graph
  }

  /// Every kernel, stride, padding, batch and pattern with every other one, packed and dense.
  @Test(arguments: InstructionSet.available)
  func matchesTheReferenceOverShapes(_ instructionSet: InstructionSet) throws {
    var generator = SeededGenerator(seed: 11)
    let (kernels, strides, blocks, rows) = ([1, 3, 5, 7], [1, 2, 3], [8, 16, 32, 64], [1, 2, 4])
    let cases = PairwiseCases.covering([33, kernels.count, 4, 3, 4, 3, 3])
    // As many as there are batches and kernels, or a few more.
    #expect((132...200).contains(cases.count))
    for (index, chosen) in cases.enumerated() {
      let kernel = kernels[chosen[1]]
      let padding = [
        Padding(0), Padding(kernel / 2), Padding(kernel - 1),
        Padding(top: kernel / 2, left: 0, bottom: kernel - 1, right: min(1, kernel - 1)),
      ][chosen[2]]
      let window = Window(
        kernelHeight: kernel, kernelWidth: kernel, strideHeight: strides[chosen[3]],
        strideWidth: strides[chosen[3]], padding: padding)
      let side =
        max(
          1, kernel - padding.top - padding.bottom, kernel - padding.left - padding.right)
        + generator.nextIndex(below: 8)
      // Of 1x1 enough for whole blocks.
      let most = kernel == 1 ? 80 : 20
      let graph = try layer(
        channels: 1 + generator.nextIndex(below: most),
        out: 1 + generator.nextIndex(below: most), height: side,
        width: side + generator.nextIndex(below: 4), window: window)
      let pattern = try HybridPattern(
        keep: 1 + chosen[6], block: blocks[chosen[4]], rows: rows[chosen[5]])
      for pattern in [pattern, nil] {
        try check(
          graph, pattern: pattern, batch: 1 + chosen[0], instructionSet: instructionSet,
          seed: UInt64(index),
          context: "\(window) \(graph.input) \(pattern?.description ?? "dense") x\(1 + chosen[0])")
      }
    }
  }

  @Test(arguments: InstructionSet.available)
  func matchesTheReferenceOverPatterns(_ instructionSet: InstructionSet) throws {
    let graph = try layer(
      channels: 18, out: 37, height: 9, width: 6, window: Window(kernel: 3, padding: 1))
    for keep in [1, 2, 3] {
      for block in [8, 16, 32, 64] {
        for rows in [1, 2, 4] {
          for batch in [1, 16] {
            let pattern = try HybridPattern(keep: keep, block: block, rows: rows)
            try check(
              graph, pattern: pattern, batch: batch, instructionSet: instructionSet, seed: 3,
              context: "\(pattern) x\(batch)")
          }
        }
      }
    }
  }

  @Test(arguments: InstructionSet.available)
  func runsGroupsAndUnequalWindows(_ instructionSet: InstructionSet) throws {
    let uneven = Window(
      kernelHeight: 3, kernelWidth: 2, strideHeight: 1, strideWidth: 3,
      padding: Padding(top: 0, left: 1, bottom: 2, right: 0))
    // TensorFlow's "same" padding at stride 2.
    let same = Window(
      kernelHeight: 3, kernelWidth: 3, strideHeight: 2, strideWidth: 2,
      padding: Padding(top: 0, left: 0, bottom: 1, right: 1))
    for window in [uneven, same, Window(kernel: 3, padding: 1), Window(kernel: 2, stride: 3)] {
      for (channels, out, groups) in [(12, 12, 12), (6, 12, 6), (4, 8, 2), (6, 9, 3), (5, 7, 1)] {
        for batch in [1, 3, 18] {
          try check(
            layer(
              channels: channels, out: out, height: 8, width: 7, window: window, groups: groups),
            pattern: nil, batch: batch, instructionSet: instructionSet, seed: 5,
            context: "\(window) \(channels) to \(out) in \(groups) groups, batch \(batch)")
        }
      }
    }
  }
}
