/// Cycles and energy of products on one accelerator, by an analytical model
/// (`Documentation/accelerators.md`).
public struct Estimator: Sendable {
  /// The design.
  public let accelerator: Accelerator
  /// Picojoules of every action.
  public let energies: EnergyTable
  /// Buffers and bandwidths.
  public let machine: Machine
  /// Where activations lie, and how many bits numbers have.
  public let conditions: EstimateConditions

  /// An estimator of one design; machine and conditions are the reference rows' unless given.
  public init(
    _ accelerator: Accelerator, energies: EnergyTable, machine: Machine = Machine(),
    conditions: EstimateConditions = EstimateConditions()
  ) {
    self.accelerator = accelerator
    self.energies = energies
    self.machine = machine
    self.conditions = conditions
  }

  /// What a product costs with weights of the given pattern. A design that cannot use a pattern runs the
  /// densest one it can: ``effectiveSparsity(_:)``. CRISP-STC runs a layer whose tiles do not pay as plain
  /// N:M, the zeros of skipped tiles stored: whichever takes fewer cycles, of equals less energy.
  /// - Throws: ``AcceleratorError/invalidSparsity(_:)``.
  public func estimate(_ product: MatrixProduct, weights: WeightSparsity)
    throws(AcceleratorError) -> ProductEstimate
  {
    let weights = try weights.validated()
    let found = estimate(product, running: weights)
    guard accelerator == .crisp, case .hybrid(let keep, let of, _, _, _) = weights else {
      return found
    }
    let plain = estimate(product, running: keep == of ? .dense : .fine(keep: keep, of: of))
    return (plain.cycles.total, plain.energy.total) < (found.cycles.total, found.energy.total)
      ? plain : found
  }

  private func estimate(_ product: MatrixProduct, running weights: WeightSparsity)
    -> ProductEstimate
  {
    let flow = dataflow(product, weights)
    let wordBytes = Double(conditions.precision.rawValue) / 8
    let tiling = Tiling(
      flow, positions: product.positions, wordBytes: wordBytes, machine: machine)
    let padded = Double(flow.rows) * Double(flow.columns) * Double(product.positions)
    let stationary = tiling.stationaryPositions
    let fullCycles = padded / Double(machine.multipliers)
    let words =
      (flow.inputWords + flow.weightWords(stationary)) * wordBytes
    let metadata = flow.metadataBytes(stationary)
    let feeding = fullCycles * flow.fed
    let moved = bytesMoved(flow, product, tiling, wordBytes: wordBytes)

    let cycles = ProductEstimate.Cycles(
      compute: fullCycles * flow.computed,
      sharedMemory: feeding * (words + metadata) / machine.sharedBandwidth,
      dram: max(
        (moved.weights + moved.inputs) / machine.dramReadBandwidth,
        moved.outputs / machine.dramWriteBandwidth))
    let multiplies = padded * flow.multiplied
    let micro = 1e-6
    let filled = moved.weightWords + moved.inputWords
    let energy = ProductEstimate.Energy(
      multiplies: micro * multiplies
        * energies[conditions.precision == .bits8 ? .multiply8 : .multiply16],
      elements: micro * multiplies * energies[.elementRead]
        * (wordBytes + flow.placeBits / 8),
      registers: micro * multiplies * flow.sumsPerMultiply * wordBytes
        * (energies[.registerRead] + energies[.registerWrite]),
      sharedMemory: micro
        * (feeding * (words * energies[.sharedRead] + metadata * energies[.metadataRead])
          + filled * energies[.sharedWrite]),
      dram: micro * (moved.weights + moved.inputs + moved.outputs) * energies[.dram])
    return ProductEstimate(cycles: cycles, energy: energy)
  }

  /// The pattern as the accelerator can use it: what it cannot use counts as kept.
  public func effectiveSparsity(_ weights: WeightSparsity) -> WeightSparsity {
    switch (accelerator, weights) {
    case (.tensorCore, _): return .dense
    case (.dualSide, _): return .unstructured(density: weights.density)
    case (.hierarchical, .dense), (.crisp, .dense): return .dense
    case (.hierarchical, _): return Self.hierarchical(density: weights.density)
    case (.crisp, .hybrid), (.crisp, .fine): return weights
    case (.sparseTensorCore, .fine(let keep, let of)),
      (.sparseTensorCore, .hybrid(let keep, let of, _, _, _)):
      // Two of more than four are stored as two of four, as the reference rows do.
      return keep <= 2 && of >= 4 || keep == 1 && of >= 2 ? .fine(keep: 2, of: 4) : .dense
    case (_, .fine): return weights
    case (_, .hybrid(let keep, let of, _, _, _)): return .fine(keep: keep, of: of)
    case (_, .dense), (_, .unstructured): return .dense
    }
  }

  /// Two levels, 4:H of blocks with H in 4…8 and 2:H of weights with H in 2…4 (HighLight, MICRO 2023): the
  /// sparsest that still holds every kept weight.
  private static func hierarchical(density: Double) -> WeightSparsity {
    let sizes = (4...8).flatMap { blocks in (2...4).map { blocks * $0 } }
    let fitting = sizes.filter { 8 / Double($0) >= density - 1e-9 }
    return .fine(keep: 8, of: fitting.max() ?? 8)
  }

  private func dataflow(_ product: MatrixProduct, _ weights: WeightSparsity) -> Dataflow {
    let isCompressed = accelerator == .flexibleDualCompressed || accelerator == .hierarchical
    let inputs = isCompressed ? product.activationDensity : 1
    switch (accelerator, effectiveSparsity(weights)) {
    case (.dualSide, let effective):
      return .dualSide(product, density: effective.density, machine: machine)
    case (.crisp, .hybrid(let keep, let of, let block, let tiles, let rows)):
      return .tiled(
        product, keep: keep, of: of, block: block, tiles: tiles, sharing: rows, machine: machine)
    case (_, .fine(let keep, let of)):
      // Two levels: two bits a weight and three a pair of weights, in half a byte.
      let width = accelerator == .hierarchical ? 4 : Double(Dataflow.placeWidth(of))
      let run = Double(Dataflow.runWidth(keep: keep, of: of))
      let runs = accelerator == .flexibleRunLength || accelerator == .flexibleDualCompressed
      return .grouped(
        product, keep: keep, of: of, inputs: inputs,
        placeBits: runs ? run : width, bufferBits: width, machine: machine)
    default:
      return .grouped(
        product, keep: 1, of: 1, inputs: inputs,
        placeBits: 0, bufferBits: 0, machine: machine)
    }
  }

  private struct Moved {
    var weights: Double
    var inputs: Double
    var outputs: Double
    /// Words written into shared memory on the way.
    var weightWords: Double
    var inputWords: Double
  }

  private func bytesMoved(
    _ flow: Dataflow, _ product: MatrixProduct, _ tiling: Tiling, wordBytes: Double
  ) -> Moved {
    let counted = conditions.countsMetadataInDRAM ? 1.0 : 0.0
    let rows = Double(flow.rows) * Double(tiling.weightPasses)
    let columns = Double(product.positions) * Double(tiling.inputPasses)
    let cold = conditions.memory == .cold
    return Moved(
      weights: rows * (flow.row.words * wordBytes + counted * flow.row.metadata),
      inputs: cold ? columns * (flow.column.words * wordBytes + counted * flow.column.metadata) : 0,
      outputs: cold ? Double(flow.rows) * Double(product.positions) * wordBytes : 0,
      weightWords: rows * flow.row.words * wordBytes,
      inputWords: columns * flow.column.words * wordBytes)
  }
}
