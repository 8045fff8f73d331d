import NeuralGraph
import Training

/// Masks between learning weights and computing weights, with straight-through gradients
/// (Documentation/method.md, step 3d): the forward pass sees W ⊙ mask, the gradient goes to W as it
/// is, masked weights decay (SR-STE, Zhou et al. 2021, equation 9), and weights of dropped tiles
/// stay still.
package final class MaskedWeights: WeightProjection {
  private final class Layer {
    let keep: UnsafeMutableBufferPointer<Bool>
    let movable: UnsafeMutableBufferPointer<Bool>

    /// `movable` nil: exactly what is kept may move.
    init(keep: [Bool], movable: [Bool]?) {
      self.keep = .allocate(capacity: keep.count)
      _ = self.keep.initialize(from: keep)
      guard let movable else {
        self.movable = self.keep
        return
      }
      self.movable = .allocate(capacity: movable.count)
      _ = self.movable.initialize(from: movable)
    }

    deinit {
      if movable.baseAddress != keep.baseAddress { movable.deallocate() }
      keep.deallocate()
    }
  }

  private let decay: Float
  private var layers: [String: Layer] = [:]

  /// By weight, how many values it has behind those that its mask covers; they are kept.
  private let uncovered: [String: Int]

  package init(decay: Double, uncovered: [String: Int] = [:]) {
    self.decay = Float(decay)
    self.uncovered = uncovered
  }

  /// Takes over masks. With `frozen`, masked weights no longer learn either: the masks are final.
  package func set(_ masks: [LayerMask], frozen: Bool) {
    for mask in masks {
      let matrix = mask.layer.matrix
      let name = mask.layer.weightName
      let others = [Bool](repeating: true, count: uncovered[name] ?? 0)
      guard let keep = matrix.toOIHW(mask.weights) else { continue }
      layers[name] = Layer(
        keep: keep + others,
        movable: frozen ? nil : matrix.toOIHW(mask.survivors).map { $0 + others })
    }
  }

  package func covers(_ name: String) -> Bool { layers[name] != nil }

  package func project(
    _ name: String, master: UnsafeMutableBufferPointer<Float>,
    into values: UnsafeMutableBufferPointer<Float>
  ) {
    guard let keep = layers[name]?.keep else { return }
    for i in values.indices { values[i] = keep[i] ? master[i] : 0 }
  }

  package func adjust(
    _ name: String, master: UnsafeMutableBufferPointer<Float>,
    gradient: UnsafeMutableBufferPointer<Float>
  ) {
    guard let keep = layers[name]?.keep else { return }
    for i in gradient.indices where !keep[i] { gradient[i] += decay * master[i] }
  }

  package func mayMove(_ name: String) -> UnsafeBufferPointer<Bool>? {
    layers[name].map { UnsafeBufferPointer($0.movable) }
  }
}
