import CKernels

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What the kernels of one instruction set cost on one processor, in nanoseconds, measured once (see
/// `CostModel.measured`). The planner adds these up for every way to compute a layer and takes the
/// cheapest; no way changes a result, so neither does a measurement.
package struct CostModel: Codable, Hashable, Sendable {
  /// Raised when kernels or measurements change: older files are then measured again.
  package static let version = 1

  /// One kernel for one row group.
  package struct Kernel: Codable, Hashable, Sendable {
    /// Bias, residual, clamp and store.
    package var fixed: Double
    /// Each tap, the input at a vector's alignment or not.
    package var aligned, unaligned: Double

    package init(fixed: Double, aligned: Double, unaligned: Double) {
      self.fixed = fixed
      self.aligned = aligned
      self.unaligned = unaligned
    }

    func tap(aligned isAligned: Bool) -> Double { isAligned ? aligned : unaligned }
  }

  package var version = CostModel.version
  /// [1, 2 or 4 rows][vectors - 1].
  package var kernels: [[Kernel]]
  /// Writing out one packed weight, for 1, 2 and 4 rows.
  package var decoding: [Double]
  /// Copying one vector to a panel.
  package var packing: Double

  package init(kernels: [[Kernel]], decoding: [Double], packing: Double) {
    self.kernels = kernels
    self.decoding = decoding
    self.packing = packing
  }

  /// Longest time that a measurement can mean: a second.
  private static let longest = 1e9

  /// Whether this can be planned with, on an instruction set whose widest kernels have that many
  /// vectors: no number is missing, negative, infinite or, where sums of it decide, zero.
  package func isUsable(widest: [Int]) -> Bool {
    func isTime(_ time: Double) -> Bool { time > 0 && time <= CostModel.longest }
    return version == CostModel.version && kernels.map(\.count) == widest
      && decoding.count == widest.count && decoding.allSatisfy(isTime) && isTime(packing)
      && kernels.joined().allSatisfy { kernel in
        (0...CostModel.longest).contains(kernel.fixed) && isTime(kernel.aligned)
          && isTime(kernel.unaligned)
      }
  }

  /// The kernel for that many rows and vectors.
  func kernel(rows: Int, vectors: Int) -> Kernel {
    let table = kernels[CostModel.index(rows)]
    return table[min(vectors, table.count) - 1]
  }

  package static func index(_ rows: Int) -> Int { rows == 4 ? 2 : rows - 1 }
}

/// A layer as the cost model sees it.
package struct LayerShape {
  let outputs, columns: Int
  package private(set) var rows: Int
  /// In the hybrid pattern: side of a block, slots of a row of one tile, kept tiles.
  package private(set) var packed: (block: Int, slots: Int, keptTiles: Int)?
  /// Input channels that one position reads.
  let inputChannels: Int
  /// Positions: how many runs, and floats of each.
  let runs, length: Int
  /// Whether vectors of input start at a vector's alignment.
  package let isAligned: Bool

  /// `packed` are the side of a block, the slots of a row of one tile and the kept tiles.
  package init(
    outputs: Int, columns: Int, rows: Int, packed: (block: Int, slots: Int, keptTiles: Int)?,
    inputChannels: Int, runs: Int, length: Int, isAligned: Bool
  ) {
    self.outputs = outputs
    self.columns = columns
    self.rows = rows
    self.packed = packed
    self.inputChannels = inputChannels
    self.runs = runs
    self.length = length
    self.isAligned = isAligned
  }

  init(
    _ matrix: LayerMatrix, inputChannels: Int, runs: crisp_runs, isAligned: Bool
  ) {
    outputs = matrix.outputs
    columns = matrix.columns
    rows = matrix.rows
    packed = matrix.layer.map {
      ($0.pattern.block, $0.pattern.slotsPerRow, $0.keptTiles)
    }
    self.inputChannels = inputChannels
    self.runs = runs.outer * runs.inner
    length = runs.length
    self.isAligned = isAligned
  }

  /// The same with its zeros written out.
  package var dense: LayerShape {
    var shape = self
    shape.rows = 4
    shape.packed = nil
    return shape
  }
}

extension CostModel {
  /// Bytes of input and weights that are read for one piece of positions, for each row of a row
  /// group. One row needs its input from a first-level cache of 32 KB at every multiply-add; four
  /// rows read a quarter of that, and sums that go through memory cost them more than the
  /// second-level cache does.
  private static let nearBytes = 30 << 10
  /// Bytes of input that are read before the next weights: more than half of a second-level cache of
  /// 1 MB. Both measured on ResNet-50 at 95 %, where half or twice as much costs 1 to 5 %.
  private static let middleBytes = 600 << 10

  /// The cheapest way to compute a layer, and its nanoseconds.
  package func plan(_ layer: LayerShape, lanes: Int) -> (plan: crisp_plan, cost: Double) {
    var best: (plan: crisp_plan, cost: Double)?
    for vectors in 1...kernels[CostModel.index(layer.rows)].count {
      for packs in [false, true] where !packs || (layer.packed != nil && !layer.isAligned) {
        let plan = plan(layer, vectors: vectors, packs: packs, lanes: lanes)
        let cost = cost(layer, plan, lanes: lanes)
        if cost < best?.cost ?? .infinity { best = (plan, cost) }
      }
    }
    return best ?? (crisp_plan(vectors: 1, depth: 1, packs: 0, strip: 1, dots: 0), .infinity)
  }

  /// The cheaper of the pattern and of its zeros written out: a layer that keeps most weights, or
  /// whose few positions do not pay for decoding them, is computed as if it were dense.
  package func choice(
    _ layer: LayerShape, lanes: Int
  ) -> (plan: crisp_plan, cost: Double, writesZeros: Bool) {
    let (plan, cost) = plan(layer, lanes: lanes)
    guard layer.packed != nil else { return (plan, cost, false) }
    let dense = self.plan(layer.dense, lanes: lanes)
    return dense.cost < cost ? (dense.plan, dense.cost, true) : (plan, cost, false)
  }

  private func plan(
    _ layer: LayerShape, vectors: Int, packs: Bool, lanes: Int
  ) -> crisp_plan {
    let column = vectors * lanes * MemoryLayout<Float>.stride
    // The input of a tile, and its weights as they are written out.
    let tile =
      layer.packed.map { packed in
        packed.block * column + packed.block * packed.slots * (4 + 4 / layer.rows)
      } ?? column
    let depth = CostModel.nearBytes * layer.rows / tile
    let strip = CostModel.middleBytes / (column * layer.inputChannels)
    return crisp_plan(
      vectors: vectors, depth: max(layer.packed == nil ? 32 : 1, depth), packs: packs ? 1 : 0,
      strip: max(1, strip), dots: 0)
  }

  /// Nanoseconds of a plan on one thread, if all that is read were near.
  package func cost(_ layer: LayerShape, _ plan: crisp_plan, lanes: Int) -> Double {
    let vectors = (layer.length + lanes - 1) / lanes
    let pieces = (vectors + plan.vectors - 1) / plan.vectors
    let groups = Double((layer.outputs + layer.rows - 1) / layer.rows)
    let taps = Double(layer.packed.map { $0.slots * $0.keptTiles } ?? layer.columns)
    let allDepth = layer.packed?.keptTiles ?? layer.columns
    let visits = Double((allDepth + plan.depth - 1) / plan.depth)
    var total = 0.0
    // Pieces have one of two widths.
    let (narrow, wide) = (vectors / pieces, vectors % pieces)
    for (width, count) in [(narrow, pieces - wide), (narrow + 1, wide)] where count > 0 {
      let kernel = kernel(rows: layer.rows, vectors: width)
      let isAligned = layer.isAligned || plan.packs != 0
      total +=
        Double(count * layer.runs) * groups
        * (visits * kernel.fixed + taps * kernel.tap(aligned: isAligned))
    }
    guard let packed = layer.packed else { return total }
    let strips = Double((pieces * layer.runs + plan.strip - 1) / plan.strip)
    total += strips * groups * taps * Double(layer.rows) * decoding[CostModel.index(layer.rows)]
    if plan.packs != 0 {
      let blockRows = (layer.outputs + packed.block - 1) / packed.block
      total +=
        Double(blockRows * packed.keptTiles * packed.block) * Double(vectors * layer.runs)
        * packing
    }
    return total
  }
}
