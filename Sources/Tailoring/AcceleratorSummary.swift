import Accelerators
import ModelCards
import ModelFormats
import Pruning

extension ModelCard.Accelerator {
  /// One image of a run's model on the recipe's accelerator or else on CRISP-STC, all operands from DRAM
  /// in 8 bits, with the zeros of activations that the run counted. Nil where the network is too large for
  /// the model (`MatrixProduct.sides`).
  init?(_ result: Personalization.Result) throws {
    let layers = Dictionary(
      result.report.layers.map { ($0.name, $0.weights(result.recipe.pattern)) },
      uniquingKeysWith: { first, _ in first })
    let estimator = Estimator(
      result.recipe.accelerator ?? .standard, energies: try .standard())
    // Channels that were removed are missing in the packed graph.
    let graph = try PackedModel(data: result.packed).description.graph
    guard
      let products = try? graph.products(
        batch: 1, densities: result.report.activationDensities,
        weights: { layers[$0.name] ?? .dense })
    else { return nil }
    let estimate = try NetworkEstimate(products, estimator: estimator)
    let total = estimate.total
    func beside(_ other: NetworkEstimate.Total) -> Cost {
      Cost(
        cycles: other.cycles, energyUj: other.microjoules,
        timesTheCycles: other.cycles / total.cycles,
        timesTheEnergy: other.microjoules / total.microjoules)
    }
    let bounds = Dictionary(
      uniqueKeysWithValues: estimate.bounds.map { ($0.key.rawValue, $0.value) })
    self.init(
      name: estimator.accelerator.rawValue, memory: estimator.conditions.memory.rawValue,
      bits: estimator.conditions.precision.rawValue, batch: 1, cycles: total.cycles,
      energyUj: total.microjoules,
      bound: bounds.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? "", bounds: bounds,
      activationDensity: estimate.activationDensity, dense: beside(estimate.dense),
      twoOfFour: beside(estimate.twoOfFour))
  }
}
