import CTraining
import NeuralGraph

/// Lets somebody stand between the weights that learn and the weights the network computes with:
/// masks with straight-through gradients (Documentation/method.md, step 3d).
public protocol WeightProjection: AnyObject {
  /// Whether the parameter of that name is projected.
  func covers(_ name: String) -> Bool
  /// Writes what the network shall compute with, given the learning weights.
  func project(
    _ name: String, master: UnsafeMutableBufferPointer<Float>,
    into values: UnsafeMutableBufferPointer<Float>)
  /// Changes the gradient, taken at the projected weights, before the learning weights move.
  func adjust(
    _ name: String, master: UnsafeMutableBufferPointer<Float>,
    gradient: UnsafeMutableBufferPointer<Float>)
  /// Whether weight `index` may move at all.
  func mayMove(_ name: String) -> UnsafeBufferPointer<Bool>?
}

/// Stochastic gradient descent with momentum and weight decay:
/// v ← μv + g + λw, w ← w − ηv (PyTorch's form). Only matrices are decayed, not biases or batch
/// norm (Goyal et al. 2017, section 5.3).
public final class SGD {
  /// Decay per step of the velocity's memory.
  public let momentum: Float
  /// λ of the weight decay.
  public let weightDecay: Float
  private let network: Network
  private let learned: [ParameterBuffer]
  private var velocities: [String: [Float]] = [:]
  private let projection: (any WeightProjection)?
  private var masters: [String: AlignedBuffer] = [:]

  /// An optimiser for the network's learned parameters. With a projection, the learning weights of
  /// the covered parameters start as the network's current ones and live here. Throws where there
  /// is no memory for gradients and learning weights.
  public init(
    _ network: Network, momentum: Float = 0.9, weightDecay: Float = 5e-4,
    projection: (any WeightProjection)? = nil
  ) throws(TrainingError) {
    self.network = network
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.projection = projection
    learned = network.graph.parameters().compactMap { network.parameters[$0.name] }
      .filter(\.parameter.role.isLearned)
    for buffer in learned {
      let name = buffer.parameter.name
      _ = try buffer.gradientMemory()
      if let projection, projection.covers(name) {
        let master = try AlignedBuffer(byteCount: buffer.count * MemoryLayout<Float>.stride)
        _ = master.floats.update(fromContentsOf: buffer.values)
        masters[name] = master
      }
    }
    project()
  }

  /// The learning weights of a projected parameter, else the network's.
  public func learningWeights(_ name: String) -> UnsafeMutableBufferPointer<Float>? {
    masters[name]?.floats ?? network.parameters[name]?.values
  }

  /// Writes the projected weights into the network; call after the projection has changed.
  public func project() {
    guard let projection else { return }
    for (name, master) in masters {
      guard let buffer = network.parameters[name] else { continue }
      projection.project(name, master: master.floats, into: buffer.values)
      buffer.markChanged()
    }
  }

  /// Ends the work with this optimiser: the network computes with the learning weights from now on.
  public func storeLearningWeights() {
    for (name, master) in masters {
      guard let buffer = network.parameters[name] else { continue }
      _ = buffer.values.update(fromContentsOf: master.floats[..<buffer.count])
      buffer.markChanged()
    }
    masters = [:]
  }

  /// One update from the gradients of the last backward pass.
  public func step(learningRate: Float) {
    for buffer in learned {
      let name = buffer.parameter.name
      let decay = buffer.parameter.role == .weight ? weightDecay : 0
      let master = masters[name]
      let weights = master?.floats ?? buffer.values
      var movable: UnsafeBufferPointer<Bool>?
      if master != nil, let projection {
        projection.adjust(name, master: weights, gradient: buffer.gradient)
        movable = projection.mayMove(name)
      }
      // Bool is one byte, 0 or 1.
      let mask = movable.map {
        UnsafeRawPointer($0.baseAddress)?.assumingMemoryBound(to: UInt8.self)
      }
      velocities[name, default: [Float](repeating: 0, count: buffer.count)]
        .withUnsafeMutableBufferPointer { velocity in
          crisp_sgd_step(
            weights.baseAddress, velocity.baseAddress, buffer.gradient.baseAddress, mask ?? nil,
            weights.count, momentum, decay, learningRate, network.threads)
        }
      if let master, let projection {
        projection.project(name, master: master.floats, into: buffer.values)
      }
      buffer.markChanged()
    }
  }
}
