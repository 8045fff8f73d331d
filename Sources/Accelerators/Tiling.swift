/// How a product is cut so that its pieces fit shared memory: rows and positions are divided, the depth is
/// whole. Of all that fit, the one that moves the fewest bytes from DRAM; of equals, the one whose
/// weights stay longest in their elements.
struct Tiling {
  /// Times that all weights, and all activations, are moved.
  let weightPasses: Int
  let inputPasses: Int
  /// Positions for which a weight stays in its element.
  let stationaryPositions: Int

  /// - Parameter wordBytes: 1 or 2.
  init(_ flow: Dataflow, positions: Int, wordBytes: Double, machine: Machine) {
    // Wide pieces first: a design that wants many positions takes fewer where the depth is large.
    for unit in [flow.positionUnit, 64, machine.partitionRows] where unit <= flow.positionUnit {
      if let tiling = Self.fitting(
        flow, positions: positions, unit: unit, wordBytes: wordBytes, machine: machine)
      {
        self = tiling
        return
      }
    }
    // Not even a few rows of this depth fit: half of the memory holds activations, and weights stream
    // past them, added up in the registers.
    let columnBytes = max(flow.column.words * wordBytes, 1)
    let columns = max(1, min(positions, Int(Double(machine.sharedMemory) / 2 / columnBytes)))
    self.init(
      weightPasses: (positions + columns - 1) / columns, inputPasses: 1,
      stationaryPositions: min(columns, machine.stationaryPositions))
  }

  private static func fitting(
    _ flow: Dataflow, positions: Int, unit: Int, wordBytes: Double, machine: Machine
  ) -> Tiling? {
    var best: (bytes: Double, tiling: Tiling)?
    let weights = Double(flow.rows) * (flow.row.words * wordBytes + flow.row.metadata)
    let inputs = Double(positions) * (flow.column.words * wordBytes + flow.column.metadata)
    for columns in sizes(of: positions, unit: unit) {
      for rows in sizes(of: flow.rows, unit: flow.rowUnit) {
        let words = Double(rows) * flow.row.words + Double(columns) * flow.column.words
        let metadata =
          Double(rows) * flow.row.metadata + Double(columns) * flow.column.metadata
        guard words * wordBytes <= Double(machine.sharedMemory),
          metadata <= Double(machine.metadataMemory)
        else { break }
        let rowTiles = (flow.rows + rows - 1) / rows
        let columnTiles = (positions + columns - 1) / columns
        // Whichever side is in the outer loop is moved once.
        for (weightPasses, inputPasses) in [
          (1, columnTiles > 1 ? rowTiles : 1), (rowTiles > 1 ? columnTiles : 1, 1),
        ] {
          let bytes = Double(weightPasses) * weights + Double(inputPasses) * inputs
          let tiling = Tiling(
            weightPasses: weightPasses, inputPasses: inputPasses,
            stationaryPositions: min(columns, machine.stationaryPositions))
          if let best,
            (best.bytes, -best.tiling.stationaryPositions)
              <= (bytes, -tiling.stationaryPositions)
          {
            continue
          }
          best = (bytes, tiling)
        }
      }
    }
    return best?.tiling
  }

  private init(weightPasses: Int, inputPasses: Int, stationaryPositions: Int) {
    self.weightPasses = weightPasses
    self.inputPasses = inputPasses
    self.stationaryPositions = stationaryPositions
  }

  /// Multiples of the unit up to the whole; where there are more than 1,024, evenly spaced ones.
  private static func sizes(of whole: Int, unit: Int) -> [Int] {
    let count = (whole + unit - 1) / unit
    let step = (count + 1023) / 1024
    return stride(from: step, through: count, by: step).map { min($0 * unit, whole) }
      + (count % step == 0 ? [] : [whole])
  }
}
