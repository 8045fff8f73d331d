import NeuralGraph

/// What the goldens keep of a gradient: norm, largest magnitude, sum, dot products with vectors of
/// random signs, and some of its values.
struct GradientSummary {
  static let projections = 4
  static let samples = 9
  static let columns = 3 + projections + samples

  let values: [Double]

  /// Summarises a gradient of the engine.
  init(_ name: String, _ gradient: UnsafeMutableBufferPointer<Float>) {
    let signs = HashedNumbers("signs of \(name)")
    var square = 0.0
    var largest: Float = 0
    var (sum, a, b, c, d) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for i in gradient.indices {
      let value = Double(gradient[i])
      let bits = signs[i]
      func signed(_ shift: UInt64) -> Double {
        Double(bitPattern: value.bitPattern ^ (bits << (63 - shift) & 1 << 63))
      }
      square += value * value
      largest = max(largest, abs(gradient[i]))
      sum += value
      a += signed(0)
      b += signed(1)
      c += signed(2)
      d += signed(3)
    }
    let places = HashedNumbers("samples of \(name)")
    let samples = (0..<Self.samples).map {
      Double(gradient[Int(places[$0] % UInt64(gradient.count))])
    }
    values = [square.squareRoot(), Double(largest), sum, a, b, c, d] + samples
  }

  /// A stored summary; its norm and largest magnitude are what errors are relative to.
  init(stored values: some Sequence<Float>) { self.values = values.map(Double.init) }

  /// Relative error against the truth: that of the projections, which has about the length of the
  /// difference relative to the gradient's length, or that of the samples relative to the largest
  /// value, whichever is larger.
  func error(against truth: GradientSummary) -> Double {
    let difference = zip(values, truth.values).map { $0.0 - $0.1 }
    let projected = difference[2..<3 + Self.projections]
    let square = projected.reduce(0) { $0 + $1 * $1 } / Double(projected.count)
    let sampled = difference[(3 + Self.projections)...].map(abs).max() ?? 0
    let error = max(square.squareRoot() / truth.values[0], sampled / truth.values[1])
    return error.isFinite ? error : .infinity
  }
}
