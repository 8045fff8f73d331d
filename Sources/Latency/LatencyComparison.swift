import Dispatch
import Foundation
import ModelFormats
import NeuralGraph
import SparseRuntime
import Training

/// Milliseconds an image takes, dense and sparse, measured in turns on this machine.
public struct LatencyComparison: Sendable, Codable, Hashable {
  /// Images at once.
  public let batch: Int
  /// Cores used by both.
  public let threads: Int
  /// Median milliseconds per image of the dense network on oneDNN, batch norm folded, activations
  /// fused.
  public let dense: Double
  /// Median milliseconds per image of the packed model on the sparse runtime.
  public let sparse: Double
  /// `Processor.name`.
  public let processor: String

  /// Times `rounds` runs of each, alternating so that a busy machine slows both alike.
  /// `checkCancellation` is called before every round; what it throws ends the measurement.
  public static func measure(
    dense: DenseModel, packed: PackedModel, batch: Int = 1, threads: Int = 1, rounds: Int = 60,
    checkCancellation: () throws -> Void = {}
  ) throws -> LatencyComparison {
    let (graph, weights) = try dense.description.graph.foldingBatchNorm(dense.weights)
    let network = try Network(graph: graph, weights: weights, threads: threads)
    let session = try Session(model: packed, batchCapacity: batch, threads: threads)
    let images = [Float](repeating: 0.5, count: batch * graph.input.count)
    func run(_ body: () throws -> Void) rethrows -> Double {
      let start = DispatchTime.now().uptimeNanoseconds
      try body()
      return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6 / Double(batch)
    }
    var denseTimes: [Double] = []
    var sparseTimes: [Double] = []
    for _ in 0..<max(3, rounds) {
      try checkCancellation()
      denseTimes.append(
        try run { _ = try network.forward(images, count: batch, mode: .inference) })
      sparseTimes.append(try run { _ = try session.run(images: images, count: batch) })
    }
    // The first rounds compile primitives and warm caches.
    return LatencyComparison(
      batch: batch, threads: threads, dense: median(denseTimes.dropFirst()),
      sparse: median(sparseTimes.dropFirst()), processor: Processor.name)
  }

  private static func median(_ times: some Sequence<Double>) -> Double {
    let sorted = times.sorted()
    return sorted[sorted.count / 2]
  }
}
