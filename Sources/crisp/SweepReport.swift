import Accelerators
import Foundation
import NeuralGraph
import Pruning

/// What `crisp estimate FILE --sweep` prints: patterns that reach a sparsity, the cheapest first.
struct SweepReport: Encodable {
  struct Row: Encodable {
    let pattern: String
    let block: Int
    let cycles: Double
    let energyUj: Double
    let timesFasterThanDense: Double

    enum CodingKeys: String, CodingKey {
      case pattern, block, cycles
      case energyUj = "energy_uj"
      case timesFasterThanDense = "times_faster_than_dense"
    }
  }

  let accelerator: String
  let sparsity: Double
  let rows: [Row]

  /// Layers are treated as the method treats them (Documentation/method.md, "Which
  /// layers"): dense, and N:M without blocks.
  init(
    graph: Graph, densities: [String: Double], batch: Int, sparsity: Double,
    estimator: Estimator
  ) throws {
    accelerator = estimator.accelerator.rawValue
    self.sparsity = sparsity
    let treatments = Dictionary(
      PrunableLayer.layers(of: graph).map { ($0.name, $0.treatment) },
      uniquingKeysWith: { first, _ in first })
    var rows: [Row] = []
    for (keep, of) in [(1, 4), (2, 4), (4, 4)] {
      let tiles = (1 - sparsity) * Double(of) / Double(keep)
      guard tiles <= 1 else { continue }
      for block in [8, 16, 32, 64] {
        let products = try graph.products(batch: batch, densities: densities) { node in
          switch treatments[node.name] {
          case .hybrid: .hybrid(keep: keep, of: of, block: block, tiles: tiles)
          case .fineOnly: .fine(keep: keep, of: of)
          default: .dense
          }
        }
        let estimate = try NetworkEstimate(products, estimator: estimator)
        rows.append(
          Row(
            pattern: keep == of ? "blocks" : "\(keep):\(of)", block: block,
            cycles: estimate.total.cycles,
            energyUj: estimate.total.microjoules,
            timesFasterThanDense: estimate.dense.cycles / estimate.total.cycles))
      }
    }
    self.rows = rows.sorted { ($0.cycles, $0.energyUj) < ($1.cycles, $1.energyUj) }
  }

  var text: String {
    let lines = rows.map { row in
      (row.pattern == "blocks" ? "method blocks, all weights of" : "\(row.pattern) in")
        + " \(row.block)x\(row.block) tiles: "
        + String(
          format: "%.0f cycles, %.2f uJ, %.2f times faster than dense", row.cycles, row.energyUj,
          row.timesFasterThanDense)
    }
    return
      (["\(accelerator), \(Int((sparsity * 100).rounded())) % of the prunable weights zero"]
      + lines).joined(separator: "\n")
  }
}
