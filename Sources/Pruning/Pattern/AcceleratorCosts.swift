import Accelerators
import ModelFormats
import NeuralGraph

/// What layers cost on a recipe's modelled accelerator: one image, all operands from DRAM, 8 bits, every
/// activation counted as not zero (Documentation/accelerators.md).
struct AcceleratorCosts {
  private let estimator: Estimator
  private let products: [LayerProduct]
  private let masks: [LayerMask]
  private let recipe: PruningRecipe
  private let cost: (ProductEstimate) -> Double

  /// `masks` are fresh. They may be those of a sliced network and the graph that of the whole one: a
  /// layer has the rows of its mask.
  init(_ recipe: PruningRecipe, masks: [LayerMask], graph: Graph) throws(PruningError) {
    guard let accelerator = recipe.accelerator else {
      throw .invalidRecipe(field: "accelerator", reason: "is missing")
    }
    self.recipe = recipe
    self.masks = masks
    if case .cycles = recipe.target { cost = \.cycles.total } else { cost = \.energy.total }
    do throws(AcceleratorError) {
      estimator = Estimator(accelerator, energies: try .standard())
      products = try graph.products(batch: 1) { _ in .dense }
    } catch {
      throw Self.unusable(error)
    }
  }

  /// Costs by the number of rank columns that are left.
  func resource() throws(PruningError) -> ResourceModel {
    try resource { 1...$0 }
  }

  /// What one tile in each block row leaves.
  func least() throws(PruningError) -> Double {
    let resource = try resource { _ in 1...1 }
    return resource.layers.reduce(resource.fixed) { $0 + ($1.byRankColumns.first ?? 0) }
  }

  private func resource(_ counts: (_ tileColumns: Int) -> ClosedRange<Int>)
    throws(PruningError) -> ResourceModel
  {
    var fixed = 0.0
    var layers = [ResourceModel.Layer](repeating: ResourceModel.Layer(), count: masks.count)
    let indices = Dictionary(
      masks.indices.map { (masks[$0].layer.name, $0) }, uniquingKeysWith: { first, _ in first })
    do throws(AcceleratorError) {
      for product in products {
        guard let index = indices[product.name] else {
          fixed += cost(try estimator.estimate(product.product, weights: product.weights))
          continue
        }
        let columns = masks[index].grid.blockColumns
        if masks[index].layer.treatment == .hybrid {
          for kept in counts(columns) {
            layers[index].byRankColumns.append(try cost(masks[index], product.product, kept))
          }
        } else {
          fixed += try cost(masks[index], product.product, columns)
        }
      }
    } catch {
      throw Self.unusable(error)
    }
    return ResourceModel(fixed: fixed, layers: layers)
  }

  /// What a layer costs with `kept` tiles left in each block row.
  private func cost(_ mask: LayerMask, _ product: MatrixProduct, _ kept: Int)
    throws(AcceleratorError) -> Double
  {
    let sides = try MatrixProduct(
      outputs: mask.layer.matrix.rows, depth: product.depth, positions: product.positions,
      inputElements: product.inputElements)
    let weights = mask.layer.treatment.under(recipe).weights(
      recipe.pattern, tiles: kept, of: mask.grid.blockColumns)
    return cost(try estimator.estimate(sides, weights: weights))
  }

  private static func unusable(_ error: AcceleratorError) -> PruningError {
    .invalidRecipe(field: "accelerator", reason: "cannot run this model: \(error.description)")
  }
}

extension LayerTreatment {
  /// Where an accelerator finds zeros in a layer of which `tiles` of `columns` are left in each block
  /// row and `density` of all weights.
  func weights(
    _ pattern: HybridPattern, tiles: Int, of columns: Int, density: Double = 1
  ) -> WeightSparsity {
    let share = Double(tiles) / Double(max(1, columns))
    switch self {
    case .hybrid, .fineOnly:
      return .hybrid(
        keep: pattern.keep, of: pattern.of, block: pattern.block, tiles: share,
        rows: pattern.rows)
    case .blocks: return .hybrid(keep: 1, of: 1, block: pattern.block, tiles: share)
    case .unstructured: return .unstructured(density: density)
    case .channels, .denseUncut, .denseFirst, .denseDepthwise, .denseGrouped: return .dense
    }
  }
}

extension PersonalizationReport.Layer {
  /// Where an accelerator finds the layer's zeros.
  public func weights(_ pattern: HybridPattern) -> WeightSparsity {
    treatment.weights(
      pattern, tiles: tilesPerBlockRow ?? 1, of: tileColumns ?? 1,
      density: max(Double(kept) / Double(max(1, rows * columns)), 1e-9))
  }
}
