import Accelerators

/// What networks cost, and how much less than the dense ones.
struct Costs {
  /// A regime of memory, a batch and a precision.
  struct Regime: Hashable {
    let memory: EstimateConditions.Memory
    let batch: Int
    let precision: EstimateConditions.Precision

    var name: String {
      "\(memory == .cold ? "cold" : "activations on chip"), batch \(batch), "
        + "\(precision.rawValue) bits"
    }
  }

  static let regimes = [EstimateConditions.Precision.bits8, .bits16].flatMap { precision in
    [EstimateConditions.Memory.cold, .resident].flatMap { memory in
      [1, 16].map { Regime(memory: memory, batch: $0, precision: precision) }
    }
  }

  let energies: EnergyTable
  /// Share of activations after a ReLU that are not zero.
  let relu: Double

  struct Cost {
    let cycles: Double
    let microjoules: Double
    /// Share of the cycles in layers by what bounds them.
    let bounds: [ProductEstimate.Bound: Double]
  }

  /// - Parameter moreBytes: Bytes of places that a layer moves from DRAM beside those that the design
  ///   moves; they overlap as all of DRAM does.
  func cost(
    _ contender: Contender, of network: Network, in regime: Regime,
    moreBytes: (Network.Layer) -> Double = { _ in 0 }
  ) throws -> Cost {
    let estimator = Estimator(
      contender.accelerator, energies: energies,
      // Places and bitmaps travel too: leaving them out is kinder to designs with much of them.
      conditions: EstimateConditions(
        memory: regime.memory, precision: regime.precision, countsMetadataInDRAM: true))
    let layers = try network.products(
      batch: regime.batch, relu: relu, channels: contender.channels, pattern: contender.pattern)
    var (cycles, microjoules) = (0.0, 0.0)
    var bounds: [ProductEstimate.Bound: Double] = [:]
    for layer in layers {
      var estimate = try estimator.estimate(layer.product, weights: layer.weights)
      let bytes = moreBytes(layer)
      estimate.cycles.dram += bytes / estimator.machine.dramReadBandwidth
      estimate.energy.dram += bytes * energies[.dram] * 1e-6
      cycles += estimate.cycles.total
      microjoules += estimate.energy.total
      bounds[estimate.cycles.bound, default: 0] += estimate.cycles.total
    }
    return Cost(
      cycles: cycles, microjoules: microjoules, bounds: bounds.mapValues { $0 / cycles })
  }
}
