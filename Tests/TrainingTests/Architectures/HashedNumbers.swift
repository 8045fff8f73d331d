import NeuralGraph

/// The numbers that `make_architecture_goldens.py` fills weights and images with, so that none of
/// them has to be stored: number i of the stream NAME is SplitMix64's output for the state
/// fnv1a(NAME) + (i + 1) · 0x9e3779b97f4a7c15.
struct HashedNumbers {
  private let seed: UInt64

  init(_ name: String) {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    seed = hash
  }

  @inline(__always) subscript(_ index: Int) -> UInt64 {
    var z = seed &+ UInt64(index + 1) &* 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Numbers within `half` of `middle`, every step exact or rounded once, as NumPy rounds. With
  /// `pairs`, a row length, each odd number of a row is the one before it with the other sign.
  func uniform(_ shape: [Int], around middle: Float, half: Float, pairs: Int? = nil) -> Tensor {
    var tensor = Tensor(shape: shape, filledWith: 0)
    let count = tensor.values.count
    tensor.values.withUnsafeMutableBufferPointer { values in
      for i in 0..<count {
        let unit = Float(self[i] >> 40) * 0x1p-23 - 1
        let product = unit * half
        values[i] = product + middle
      }
      guard let pairs else { return }
      for row in stride(from: 0, to: count, by: pairs) {
        for i in stride(from: row + 1, to: row + pairs, by: 2) { values[i] = -values[i - 1] }
      }
    }
    return tensor
  }
}
