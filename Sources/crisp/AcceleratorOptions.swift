import Accelerators
import ArgumentParser
import Foundation

/// Which modelled accelerator, with which energies, in which regime.
struct AcceleratorOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The design.", discussion: Accelerator.allCases.map(\.rawValue).joined(separator: ", ")))
  var accelerator = Accelerator.standard.rawValue

  @Option(help: "JSON file of picojoules for every action (default: 45 nm, the embedded table).")
  var energyTable: String?

  @Option(help: "cold: all operands come from DRAM; resident: activations stay on chip.")
  var memory = EstimateConditions.Memory.cold

  @Option(help: "Bits of weights and activations: 8 or 16.")
  var bits = 8

  @Flag(help: "Count places and bitmaps on their way from DRAM too.")
  var countMetadata = false

  func validate() throws {
    guard EstimateConditions.Precision(rawValue: bits) != nil else {
      throw ValidationError("--bits must be 8 or 16.")
    }
  }

  /// The estimator asked for.
  func estimator() throws -> Estimator {
    let energies: EnergyTable
    if let energyTable {
      guard let data = FileManager.default.contents(atPath: energyTable) else {
        throw ValidationError("cannot read '\(energyTable)'.")
      }
      energies = try EnergyTable(json: data)
    } else {
      energies = try .standard()
    }
    return Estimator(
      try Accelerator(named: accelerator), energies: energies,
      conditions: EstimateConditions(
        memory: memory,
        precision: EstimateConditions.Precision(rawValue: bits) ?? .bits8,
        countsMetadataInDRAM: countMetadata))
  }
}

extension EstimateConditions.Memory: ExpressibleByArgument {}

/// `128x1152x1024`: outputs, depth and positions of a product.
struct ProductSize: ExpressibleByArgument {
  let outputs: Int
  let depth: Int
  let positions: Int

  init?(argument: String) {
    let sides = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard sides.count == 3, let outputs = sides[0], let depth = sides[1],
      let positions = sides[2]
    else { return nil }
    self.outputs = outputs
    self.depth = depth
    self.positions = positions
  }
}

/// `dense`, `2:4`, `unstructured` or `crisp:16`.
enum WeightPattern: ExpressibleByArgument {
  case dense
  case fine(keep: Int, of: Int)
  case unstructured
  case crisp(block: Int)

  init?(argument: String) {
    switch argument {
    case "dense": self = .dense
    case "unstructured": self = .unstructured
    default:
      let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2, let second = Int(parts[1]) else { return nil }
      if parts[0] == "crisp" {
        self = .crisp(block: second)
      } else {
        guard let keep = Int(parts[0]) else { return nil }
        self = .fine(keep: keep, of: second)
      }
    }
  }

  var defaultValueDescription: String { "dense" }

  /// The pattern with the given share of weights kept; what a pattern fixes itself needs none.
  func sparsity(density: Double?) throws -> WeightSparsity {
    switch self {
    case .dense: return .dense
    case .fine(let keep, let of): return .fine(keep: keep, of: of)
    case .unstructured:
      guard let density else {
        throw ValidationError("--weights unstructured needs --weight-density.")
      }
      return .unstructured(density: density)
    case .crisp(let block):
      let density = density ?? 0.5
      guard density > 0, density <= 0.5 else {
        throw ValidationError(
          "--weight-density of crisp:\(block) must be in 0 < density ≤ 0.5: 2:4 inside kept tiles.")
      }
      return .hybrid(keep: 2, of: 4, block: block, tiles: density * 2)
    }
  }
}
