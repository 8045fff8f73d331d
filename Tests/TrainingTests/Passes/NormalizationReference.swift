import Testing

/// Batch normalisation and its gradients by their definition, in double precision, with how far a
/// 32-bit computation may be from each.
struct NormalizationReference {
  /// A value and how far another may be from it.
  struct Bound {
    var value: Double
    var tolerance: Double

    func admits(_ found: Float) -> Bool { abs(Double(found) - value) <= tolerance }
  }

  /// A few roundings of 32-bit floats.
  private static let float = 64 * 0x1p-24

  var mean: [Bound] = []
  var variance: [Bound] = []
  var gammaGradient: [Bound] = []
  var betaGradient: [Bound] = []
  var out: [Bound]
  var xGradient: [Bound]
  var residualGradient: [Bound]

  /// Sets those output gradients of `c` to zero that lie so near a bound of the clamp that rounding
  /// decides whether they pass.
  init(_ c: inout NormalizationCase) {
    let setup = c.setup
    let (type, copy) = (setup.type, c)
    out = [Bound](repeating: Bound(value: 0, tolerance: 0), count: c.count)
    xGradient = out
    residualGradient = out
    let samples = Double(setup.images * setup.positions)
    let (lower, upper) = (Double(setup.lower), Double(setup.upper))
    for channel in 0..<setup.channels {
      // Statistics
      var (sum, squares, largest) = (0.0, 0.0, 0.0)
      copy.forEachIndex(ofChannel: channel) { i in
        sum += Double(copy.x[i])
        largest = max(largest, abs(Double(copy.x[i])))
      }
      var mean = sum / samples
      copy.forEachIndex(ofChannel: channel) { i in
        squares += (Double(copy.x[i]) - mean) * (Double(copy.x[i]) - mean)
      }
      var variance = squares / samples
      if !setup.usesBatchStatistics {
        (mean, variance) = (Double(c.mean[channel]), Double(c.variance[channel]))
      }
      let exact = setup.usesBatchStatistics ? Self.float : 0
      self.mean.append(Bound(value: mean, tolerance: exact * largest))
      self.variance.append(Bound(value: variance, tolerance: exact * variance))

      // Forward
      let deviation = (variance + Double(NormalizationCase.epsilon)).squareRoot()
      let (gamma, beta) = (Double(c.gamma[channel]), Double(c.beta[channel]))
      let scale = gamma / deviation
      let size = abs(scale) * (largest + abs(mean)) + abs(beta)
      let margin = type == .bf16 ? 0.05 : 1e-3
      copy.forEachIndex(ofChannel: channel) { i in
        let added = Double(copy.residual?[i] ?? 0)
        let value = scale * (Double(copy.x[i]) - mean) + beta + added
        out[i] = Bound(
          value: min(max(value, lower), upper),
          tolerance: Self.float * (size + abs(added)) + type.rounding * abs(value))
        if abs(value - lower) < margin || abs(value - upper) < margin {
          c.gradient1[i] = 0
          c.gradient2?[i] = 0
        }
        let passes = value > lower && value < upper
        let gradient = passes ? Double(c.gradient1[i]) + Double(c.gradient2?[i] ?? 0) : 0
        residualGradient[i] = Bound(
          value: gradient, tolerance: (Self.float + type.rounding) * abs(gradient))
      }

      // Backward
      var (gradients, products, sizes, productSizes, steepest) = (0.0, 0.0, 0.0, 0.0, 0.0)
      copy.forEachIndex(ofChannel: channel) { i in
        let gradient = residualGradient[i].value
        let normalized = (Double(copy.x[i]) - mean) / deviation
        gradients += gradient
        products += gradient * normalized
        sizes += abs(gradient)
        productSizes += abs(gradient) * (abs(normalized) + abs(mean) / deviation)
        steepest = max(steepest, abs(gradient))
      }
      betaGradient.append(Bound(value: gradients, tolerance: Self.float * sizes))
      gammaGradient.append(Bound(value: products, tolerance: Self.float * productSizes))
      let slope = setup.usesBatchStatistics ? abs(scale * products / samples) / deviation : 0
      let rounding = Self.float * (abs(scale) * steepest + slope * (largest + abs(mean)))
      copy.forEachIndex(ofChannel: channel) { i in
        let normalized = (Double(copy.x[i]) - mean) / deviation
        let gradient = residualGradient[i].value
        let value =
          setup.usesBatchStatistics
          ? scale * (gradient - gradients / samples - normalized * products / samples)
          : scale * gradient
        // The gradient behind the clamp may have been stored in between.
        xGradient[i] = Bound(
          value: value,
          tolerance: rounding + type.rounding * (abs(value) + abs(scale * gradient)))
      }
    }
  }

  /// Records where a result is wrong. Bounds of padding admit nothing but zero.
  func check(_ found: NormalizationCase.Result, _ c: NormalizationCase) {
    func compare(_ name: String, _ values: [Float], _ bounds: [Bound]) {
      guard values.count == bounds.count else {
        Issue.record("\(name): \(values.count) values")
        return
      }
      var worst: String?
      for i in bounds.indices where !bounds[i].admits(values[i]) {
        worst = worst ?? "\(name)[\(i)] is \(values[i]), not \(bounds[i])"
      }
      if let worst { Issue.record("\(worst) in \(c)") }
    }
    compare("mean", found.mean, mean)
    compare("variance", found.variance, variance)
    compare("out", found.out.floats, out)
    compare("x gradient", found.xGradient.floats, xGradient)
    if let masked = found.residualGradient {
      compare("residual gradient", masked.floats, residualGradient)
    }
    compare("gamma gradient", found.gammaGradient, gammaGradient)
    compare("beta gradient", found.betaGradient, betaGradient)
  }
}
