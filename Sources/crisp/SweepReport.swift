import Accelerators
import Foundation
import ModelFormats
import NeuralGraph
import Pruning

/// What `crisp estimate FILE --sweep` prints: patterns that reach a sparsity, the cheapest first.
struct SweepReport: Encodable {
  struct Row: Encodable {
    /// `2:4`, or `blocks` where tiles keep all their weights.
    let pattern: String
    let block: Int
    /// Neighbouring rows that share places.
    let rows: Int
    /// On an accelerator.
    var cycles: Double?
    var energyUj: Double?
    var timesFasterThanDense: Double?
    /// On a device, by its profile.
    var device: String?
    var milliseconds: Double?

    enum CodingKeys: String, CodingKey {
      case pattern, block, rows, cycles, device, milliseconds
      case energyUj = "energy_uj"
      case timesFasterThanDense = "times_faster_than_dense"
    }
  }

  /// Nil where devices were asked for.
  let accelerator: String?
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
    for (keep, of) in [(1, 4), (2, 4), (3, 4), (1, 1)] {
      let tiles = (1 - sparsity) * Double(of) / Double(keep)
      guard tiles <= 1 else { continue }
      for block in [8, 16, 32, 64] {
        // Where all weights of a tile stay there are no places to share.
        for group in keep == of ? [1] : [1, 2, 4] {
          let products = try graph.products(batch: batch, densities: densities) { node in
            switch treatments[node.name] {
            case .hybrid:
              .hybrid(keep: keep, of: of, block: block, tiles: tiles, rows: group)
            case .fineOnly: .hybrid(keep: keep, of: of, block: block, tiles: 1, rows: group)
            default: .dense
            }
          }
          let estimate = try NetworkEstimate(products, estimator: estimator)
          rows.append(
            Row(
              pattern: keep == of ? "blocks" : "\(keep):\(of)", block: block, rows: group,
              cycles: estimate.total.cycles, energyUj: estimate.total.microjoules,
              timesFasterThanDense: estimate.dense.cycles / estimate.total.cycles))
        }
      }
    }
    self.rows = rows.sorted {
      ($0.cycles ?? 0, $0.energyUj ?? 0) < ($1.cycles ?? 0, $1.energyUj ?? 0)
    }
  }

  /// Each profile is of one pattern; those whose N:M alone is sparser are left out.
  init(graph: Graph, sparsity: Double, devices: [DeviceProfile]) throws {
    accelerator = nil
    self.sparsity = sparsity
    rows = try devices.compactMap { device in
      try device.validate()
      return try device.milliseconds(of: graph, sparsity: sparsity).map { time in
        Row(
          pattern: "\(device.pattern.keep):\(device.pattern.of)", block: device.pattern.block,
          rows: device.pattern.rows, device: device.name, milliseconds: time)
      }
    }.sorted { ($0.milliseconds ?? 0) < ($1.milliseconds ?? 0) }
  }

  var text: String {
    let zeros = String(format: "%.3g %% of the prunable weights zero", sparsity * 100)
    guard !rows.isEmpty else { return "\(zeros): N:M alone is sparser in every profile" }
    return (["\(accelerator.map { "\($0), " } ?? "")\(zeros)"] + rows.map(Self.line))
      .joined(separator: "\n")
  }

  private static func line(_ row: Row) -> String {
    let pattern =
      (row.pattern == "blocks" ? "all weights of" : "\(row.pattern) in")
      + " \(row.block)x\(row.block) tiles"
      + (row.pattern == "blocks" ? "" : ", V = \(row.rows)")
    if let milliseconds = row.milliseconds {
      return "\(pattern): \(String(format: "%.3f", milliseconds)) ms on \(row.device ?? "")"
    }
    return "\(pattern): "
      + String(
        format: "%.0f cycles, %.2f uJ, %.2f times faster than dense", row.cycles ?? 0,
        row.energyUj ?? 0, row.timesFasterThanDense ?? 0)
  }
}
