import Accelerators
import Foundation

/// What each part of the hybrid pattern brings on CRISP-STC, for one network at one sparsity.
struct Ablation {
  struct Row {
    let name: String
    let times: Double
    let timesEnergy: Double
  }

  let rows: [Row]

  init(_ network: Network, sparsity: Double, costs: Costs, regime: Costs.Regime) throws {
    let dense = try costs.cost(.dense, of: network, in: regime)
    func row(_ name: String, _ contender: Contender, slower: Double = 1) throws -> Row {
      let cost = try costs.cost(contender, of: network, in: regime)
      return Row(
        name: name, times: dense.cycles / cost.cycles / slower,
        timesEnergy: dense.microjoules / cost.microjoules)
    }
    var rows: [Row] = []
    for keep in [1, 2, 4] {
      for block in [8, 16, 32, 64] {
        let name = keep == 4 ? "blocks alone" : "\(keep):4 inside"
        rows.append(
          try row(
            "\(name), B = \(block)", .crisp(sparsity, block: block, keep: keep)))
      }
    }
    for block in [16, 64] {
      let contender = Contender.crisp(sparsity, block: block)
      let cost = try costs.cost(contender, of: network, in: regime) {
        Self.bitmapBytes($0, sparsity: sparsity, block: block)
      }
      rows.append(
        Row(
          name:
            "2:4 inside, B = \(block), a bitmap of the layer instead of places and a list of tiles",
          times: dense.cycles / cost.cycles, timesEnergy: dense.microjoules / cost.microjoules))
    }
    let unequal = try Self.waiting(network, sparsity: sparsity, block: 16, costs: costs, regime)
    rows.append(
      try row(
        "2:4 inside, B = 16, as many tiles on average but not in every block row",
        .crisp(sparsity, block: 16), slower: unequal))
    rows.append(try row("N:M alone (flexible), no tiles", .flexible(sparsity)))
    self.rows = rows
  }

  /// By how much the slowest of four sub-partitions, a block row each, is slower than their mean where
  /// tiles are kept at random: binomial counts. Weighted by the layers' cycles.
  private static func waiting(
    _ network: Network, sparsity: Double, block: Int, costs: Costs, _ regime: Costs.Regime
  ) throws -> Double {
    var (weighted, all) = (0.0, 0.0)
    let contender = Contender.crisp(sparsity, block: block)
    for layer in try network.products(
      batch: regime.batch, relu: costs.relu, pattern: contender.pattern)
    {
      guard case .hybrid(_, _, _, let share, _) = layer.weights else { continue }
      let tiles = max(1, layer.product.depth / block)
      let work = layer.product.multiplies
      weighted += work * (share < 1 ? largestOfFour(tiles, share) / (Double(tiles) * share) : 1)
      all += work
    }
    return all > 0 ? weighted / all : 1
  }

  /// The expected largest of four binomial counts.
  static func largestOfFour(_ count: Int, _ share: Double) -> Double {
    var probability = pow(1 - share, Double(count))
    var (below, expected) = (0.0, 0.0)
    for value in 0...count {
      let upTo = min(1, below + probability)
      expected += Double(value) * (pow(upTo, 4) - pow(below, 4))
      below = upTo
      probability *= Double(count - value) / Double(value + 1) * share / (1 - share)
    }
    return expected
  }

  var markdown: String {
    (["| part | times fewer cycles | times less energy |", "|---|---|---|"]
      + rows.map { row in
        "| \(row.name) | \(String(format: "%.2f | %.2f", row.times, row.timesEnergy)) |"
      }).joined(separator: "\n")
  }

  /// What a bitmap moves more than places and a list of tiles.
  private static func bitmapBytes(_ layer: Network.Layer, sparsity: Double, block: Int) -> Double {
    guard case .hybrid = layer.weights else { return 0 }
    let bits = placeBits(sparsity: sparsity, block: block)
    return Double(layer.product.outputs) * Double(layer.product.depth) * (bits.bitmap - bits.list)
      / 8
  }

  /// Bits that say where kept weights are, for each weight of a layer: a bitmap, and places with a list of
  /// tiles.
  static func placeBits(sparsity: Double, block: Int) -> (bitmap: Double, list: Double) {
    let tiles = min(1, (1 - sparsity) * 2)
    return (1, 2 * (1 - sparsity) + 16 * tiles / Double(block * block))
  }
}
