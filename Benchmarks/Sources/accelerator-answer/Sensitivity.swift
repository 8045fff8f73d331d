import Accelerators
import Foundation

/// The same comparison with other energies: whether the answer hangs on one table.
struct Sensitivity {
  private struct Variant {
    let name: String
    let energies: [EnergyTable.Action: Double]
  }

  /// Picojoules that take the place of the standard table's.
  private static let variants = [
    Variant(name: "45 nm, LPDDR4 (the table of all comparisons)", energies: [:]),
    Variant(
      name: "DRAM as HBM2, 249.6 pJ per 64 bits (Sparseloop artifact)", energies: [.dram: 31.2]),
    Variant(name: "DRAM at 2.6 nJ per 64 bits (Horowitz, ISSCC 2014)", energies: [.dram: 325]),
    Variant(
      name: "multiplies of 0.2 pJ and additions of 0.1 pJ (Horowitz, ISSCC 2014)",
      energies: [.multiply8: 0.3, .multiply16: 1.5]),
  ]

  let markdown: String

  /// Energy of `networks` dense and as 2:4 weights, as multiples of CRISP's at a sparsity.
  init(_ networks: [Network], sparsity: Double, relu: Double, regime: Costs.Regime) throws {
    let ours = Contender.crisp(sparsity, block: 64)
    var lines = [
      "| energies | " + networks.map(\.architecture.rawValue).joined(separator: " | ") + " |",
      "|---|" + String(repeating: "---|", count: networks.count),
    ]
    for variant in Self.variants {
      let costs = Costs(energies: try Self.table(variant.energies), relu: relu)
      let cells = try networks.map { network in
        let own = try costs.cost(ours, of: network, in: regime).microjoules
        let ratios = try [Contender.dense, .twoOfFour, .unstructured(sparsity)].map {
          try costs.cost($0, of: network, in: regime).microjoules / own
        }
        return ratios.map { String(format: "%.1f", $0) }.joined(separator: " / ")
      }
      lines.append("| \(variant.name) | " + cells.joined(separator: " | ") + " |")
    }
    markdown = lines.joined(separator: "\n")
  }

  private static func table(_ changes: [EnergyTable.Action: Double]) throws -> EnergyTable {
    let standard = try EnergyTable.standard()
    var actions: [String: [String: Any]] = [:]
    for action in EnergyTable.Action.allCases {
      actions[action.rawValue] = [
        "picojoules": changes[action] ?? standard[action], "source": "see Sensitivity.swift",
      ]
    }
    return try EnergyTable(json: JSONSerialization.data(withJSONObject: ["actions": actions]))
  }
}
