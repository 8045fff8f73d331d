import Dispatch
import NeuralGraph

/// What a session does for one layer.
public struct LayerReport: Sendable, Hashable {
  /// The layer's node.
  public let name: String
  /// Shape of the result for one image.
  public let outputShape: ActivationShape
  /// Weights that are multiplied, and those a dense layer would have.
  public let keptWeights, denseWeights: Int
  /// Instruction set, rows that share positions, vectors of positions of the widest kernel.
  public let kernel: String

  /// Kept weights of all weights.
  public var density: Double { Double(keptWeights) / Double(denseWeights) }
  /// Multiply-accumulates for one image, of kept weights only.
  public var multiplyAccumulates: Int { keptWeights * outputShape.height * outputShape.width }
}

/// The time that one node of the network takes in a session.
public struct NodeTiming: Sendable, Hashable {
  /// The node's name.
  public let name: String
  /// The least of all rounds, for the whole batch.
  public var microseconds: Double
  /// The report of a layer with weights, nil for others.
  public let layer: LayerReport?

  /// Billions of additions and multiplications a second, of kept weights only.
  public func gigaflops(images: Int) -> Double {
    guard let layer, microseconds > 0 else { return 0 }
    return Double(2 * layer.multiplyAccumulates * images) / microseconds / 1000
  }
}

/// Sums up the time of each step; used by one thread.
final class StepClock {
  private(set) var nanoseconds: [UInt64]
  private var last: UInt64 = 0

  init(steps: Int) { nanoseconds = [UInt64](repeating: 0, count: steps) }

  func start() { last = DispatchTime.now().uptimeNanoseconds }

  func tick(_ step: Int) {
    let now = DispatchTime.now().uptimeNanoseconds
    nanoseconds[step] += now - last
    last = now
  }
}
