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

  @Test(arguments: InstructionSet.available)
  func matchesTheReferenceOverShapes(_ instructionSet: InstructionSet) throws {
    var seed: UInt64 = 0
    var generator = SeededGenerator(seed: 11)
    for kernel in [1, 3, 5, 7] {
      for stride in [1, 2] {
        for padding in Set([0, kernel / 2, kernel - 1]).sorted() {
          for batch in [1, 2, 7, 16, 33] {
            seed += 1
            let side = max(1, kernel - 2 * padding) + generator.nextIndex(below: 8)
            let graph = try layer(
              channels: 1 + generator.nextIndex(below: 20),
              out: 1 + generator.nextIndex(below: 20), height: side,
              width: side + generator.nextIndex(below: 4),
              window: Window(kernel: kernel, stride: stride, padding: padding))
            let rows = [1, 2, 4][Int(seed) % 3]
            let block = [8, 16, 32, 64][Int(seed) % 4]
            let pattern = try HybridPattern(
              keep: 1 + Int(seed / 2) % 3, block: block, rows: rows)
            for pattern in [pattern, nil] {
              try check(
                graph, pattern: pattern, batch: batch, instructionSet: instructionSet,
                seed: seed, context: "\(graph.nodes[0].operation) \(graph.input) x\(batch)")
            }
          }
        }
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

  @Test(arguments: 1...33)
  func matchesTheReferenceOverBatches(batch: Int) throws {
    let graph = try layer(
      channels: 5, out: 6, height: 4, width: 3, window: Window(kernel: 3, padding: 1))
    try check(
      graph, pattern: HybridPattern(keep: 2, block: 8), batch: batch, instructionSet: .best,
      seed: UInt64(batch), context: "batch \(batch)")
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
