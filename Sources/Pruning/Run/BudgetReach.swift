import NeuralGraph

extension Personalization {
  /// Throws when a target in multiply-accumulates, milliseconds, cycles or microjoules lies below what one tile in each
  /// block row leaves, which the description alone tells. How long a packed file is at least, only
  /// the run finds out.
  ///
  /// `masks` are fresh, of the sliced network; `universal` is the network before slicing.
  static func checkBudget(_ recipe: PruningRecipe, masks: [LayerMask], universal: Graph)
    throws(PruningError)
  {
    let allowed: Double
    let least: Double
    switch recipe.target {
    case .sparsity, .bytes: return
    case .multiplyAccumulates(let count):
      allowed = Double(count)
      do {
        least = try leastMultiplyAccumulates(
          masks, universal: universal, isThinned: recipe.method != .blocks)
      } catch {
        throw .mismatch(reason: "the model's graph has no shapes: \(error)")
      }
    case .milliseconds(let time):
      guard let device = recipe.device else { return }
      allowed = time
      let resource = try ResourceModel.milliseconds(masks, device: device)
      least = zip(masks, resource.layers).reduce(resource.fixed) { sum, pair in
        sum + pair.1.cost(weights: 0, tiles: pair.0.grid.blockRows)
      }
    case .cycles(let count):
      allowed = Double(count)
      least = try AcceleratorCosts(recipe, masks: masks, graph: universal).least()
    case .microjoules(let energy):
      allowed = energy
      least = try AcceleratorCosts(recipe, masks: masks, graph: universal).least()
    }
    guard least <= allowed else {
      throw .targetOutOfReach(target: recipe.target.name, requested: allowed, least: least)
    }
  }

  private static func leastMultiplyAccumulates(
    _ masks: [LayerMask], universal: Graph, isThinned: Bool
  ) throws(GraphError) -> Double {
    let counts = try universal.multiplyAccumulates()
    let weights = Dictionary(
      PrunableLayer.layers(of: universal).map { ($0.name, $0.matrix.count) },
      uniquingKeysWith: { first, _ in first })
    var least = counts.values.reduce(0) { $0 + Double($1) }
    for mask in masks {
      let name = mask.layer.name
      let matrix = mask.layer.matrix
      let count = Double(counts[name] ?? 0)
      least -= count
      var columns = matrix.columns
      if mask.layer.treatment == .hybrid {
        // The tile that stays may be the narrow one at the right edge.
        let ragged = columns % mask.grid.block
        columns = ragged > 0 ? ragged : min(columns, mask.grid.block)
      }
      let kept = isThinned ? mask.pattern.kept(of: columns) : columns
      least += count / Double(max(1, weights[name] ?? 1)) * Double(matrix.rows * kept)
    }
    return least
  }
}
