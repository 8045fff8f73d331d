import Accelerators
import Foundation
import ModelFormats
import NeuralGraph

/// What `crisp estimate --json` prints of one product or layer.
struct ProductReport: Encodable {
  let accelerator: String
  let cycles: Double
  let energyUj: Double
  let bound: String
  let cyclesByLevel: [String: Double]
  let energyUjByLevel: [String: Double]

  init(accelerator: String, estimate: ProductEstimate) {
    self.accelerator = accelerator
    cycles = estimate.cycles.total
    energyUj = estimate.energy.total
    bound = estimate.cycles.bound.rawValue
    cyclesByLevel = [
      "compute": estimate.cycles.compute, "shared_memory": estimate.cycles.sharedMemory,
      "dram": estimate.cycles.dram,
    ]
    energyUjByLevel = [
      "multiplies": estimate.energy.multiplies, "elements": estimate.energy.elements,
      "registers": estimate.energy.registers, "shared_memory": estimate.energy.sharedMemory,
      "dram": estimate.energy.dram,
    ]
  }

  enum CodingKeys: String, CodingKey {
    case accelerator, cycles, bound
    case energyUj = "energy_uj"
    case cyclesByLevel = "cycles_by_level"
    case energyUjByLevel = "energy_uj_by_level"
  }

  var text: String {
    func list(_ values: [String: Double], _ format: String) -> String {
      values.sorted { $0.value > $1.value }
        .map { "\($0.key) \(String(format: format, $0.value))" }.joined(separator: ", ")
    }
    return """
      \(accelerator): \(String(format: "%.0f", cycles)) cycles (bound by \(bound)), \
      \(String(format: "%.2f", energyUj)) uJ
      cycles: \(list(cyclesByLevel, "%.0f"))
      uJ: \(list(energyUjByLevel, "%.2f"))
      """
  }
}

/// What `crisp estimate FILE` prints.
struct NetworkReport: Encodable {
  struct Layer: Encodable {
    let name: String
    let shape: [Int]
    let weightDensity: Double
    let activationDensity: Double
    let cycles: Double
    let energyUj: Double
    let bound: String
    let timesFasterThanDense: Double
    let timesFasterThanTwoOfFour: Double
    let remark: String?

    enum CodingKeys: String, CodingKey {
      case name, shape, cycles, bound, remark
      case weightDensity = "weight_density"
      case activationDensity = "activation_density"
      case energyUj = "energy_uj"
      case timesFasterThanDense = "times_faster_than_dense"
      case timesFasterThanTwoOfFour = "times_faster_than_2_of_4"
    }
  }

  struct Total: Encodable {
    let cycles: Double
    let energyUj: Double

    init(_ total: NetworkEstimate.Total) {
      cycles = total.cycles
      energyUj = total.microjoules
    }

    enum CodingKeys: String, CodingKey {
      case cycles
      case energyUj = "energy_uj"
    }
  }

  let file: String
  let accelerator: String
  let memory: String
  let bits: Int
  let batch: Int
  /// Whether shares of zeros in activations were measured; else they count as none.
  let activationsMeasured: Bool
  let layers: [Layer]
  let total: Total
  let dense: Total
  let twoOfFour: Total

  enum CodingKeys: String, CodingKey {
    case file, accelerator, memory, bits, batch, layers, total, dense
    case activationsMeasured = "activations_measured"
    case twoOfFour = "2_of_4"
  }

  init(
    file: String, estimator: Estimator, batch: Int, measured: Bool, estimate: NetworkEstimate
  ) {
    self.file = file
    self.batch = batch
    accelerator = estimator.accelerator.rawValue
    memory = estimator.conditions.memory.rawValue
    bits = estimator.conditions.precision.rawValue
    activationsMeasured = measured
    layers = estimate.layers.map { entry in
      let product = entry.layer.product
      return Layer(
        name: entry.layer.name, shape: [product.outputs, product.depth, product.positions],
        weightDensity: entry.layer.weights.density, activationDensity: product.activationDensity,
        cycles: entry.estimate.cycles.total, energyUj: entry.estimate.energy.total,
        bound: entry.estimate.cycles.bound.rawValue,
        timesFasterThanDense: entry.dense.cycles.total / entry.estimate.cycles.total,
        timesFasterThanTwoOfFour: entry.twoOfFour.cycles.total / entry.estimate.cycles.total,
        remark: entry.layer.remark)
    }
    total = Total(estimate.total)
    dense = Total(estimate.dense)
    twoOfFour = Total(estimate.twoOfFour)
  }

  var text: String {
    let width = max(5, layers.map(\.name.count).max() ?? 0)
    func right(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    func line(_ cells: [String]) -> String {
      cells[0].padding(toLength: width, withPad: " ", startingAt: 0)
        + zip(cells.dropFirst(), [18, 9, 9, 12, 10, 15, 8, 8]).map { right($0, $1) }.joined()
    }
    var lines = [
      "\(file) on \(accelerator), \(memory), \(bits) bits, batch \(batch)"
        + (activationsMeasured ? "" : "; zeros of activations not measured (--data)"),
      line(["layer", "M x K x N", "weights", "inputs", "cycles", "uJ", "bound", "dense", "2:4"]),
    ]
    for layer in layers {
      lines.append(
        line([
          layer.name, layer.shape.map(String.init).joined(separator: "x"),
          String(format: "%.1f %%", layer.weightDensity * 100),
          String(format: "%.1f %%", layer.activationDensity * 100),
          String(format: "%.0f", layer.cycles), String(format: "%.2f", layer.energyUj),
          layer.bound, String(format: "%.2fx", layer.timesFasterThanDense),
          String(format: "%.2fx", layer.timesFasterThanTwoOfFour),
        ]))
    }
    for layer in layers {
      if let remark = layer.remark { lines.append("\(layer.name): \(remark)") }
    }
    lines.append(
      String(
        format: "all: %.0f cycles, %.2f uJ; dense %.2fx the cycles and %.2fx the energy, "
          + "2:4 %.2fx and %.2fx",
        total.cycles, total.energyUj, dense.cycles / total.cycles,
        dense.energyUj / total.energyUj, twoOfFour.cycles / total.cycles,
        twoOfFour.energyUj / total.energyUj))
    return lines.joined(separator: "\n")
  }
}

extension ModelFile {
  /// The pattern that a layer's weights have in this file.
  func sparsity(of node: Node) -> WeightSparsity {
    guard case .packed(let model) = self, let layer = model.layers[node.name] else {
      return .dense
    }
    let pattern = layer.pattern
    return .hybrid(
      keep: pattern.keep, of: pattern.of, block: pattern.block,
      tiles: Double(layer.keptTiles) / Double(layer.blockColumnCount), rows: pattern.rows)
  }
}
