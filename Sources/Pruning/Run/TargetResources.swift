import ModelFormats
import NeuralGraph

/// What a recipe's target counts, and what it may come to.
extension MaskChoice {
  /// What the header of a packed file says only at the end of a run: three accuracies.
  private static let headerSlack = 160

  /// For a run of `recipe` on a network whose masks are fresh. `packedBytes` gives the size of the
  /// packed file under given masks; asked only where bytes are the target.
  init(
    _ recipe: PruningRecipe, masks: [LayerMask], graph: Graph,
    packedBytes: ([LayerMask]) throws -> Int
  ) throws {
    let resource: ResourceModel
    let allowed: Double
    switch recipe.target {
    case .sparsity(let share):
      resource = .weights(masks)
      allowed = resource.total(masks) * (1 - share)
    case .bytes(let count):
      var fine = masks
      // Any N:M mask: which weights it keeps does not change the size.
      for index in fine.indices {
        fine[index].chooseFine(by: [Float](repeating: 0, count: fine[index].layer.matrix.count))
      }
      resource = .bytes(
        masks, storage: recipe.storage, unpacked: try packedBytes(fine), slack: Self.headerSlack)
      allowed = Double(count)
    case .multiplyAccumulates(let count):
      resource = try .multiplyAccumulates(masks, graph: graph)
      allowed = Double(count)
    case .milliseconds(let time):
      guard let device = recipe.device else {
        throw PruningError.invalidRecipe(field: "device", reason: "is missing")
      }
      resource = try .milliseconds(masks, device: device)
      allowed = time
    case .cycles(let count):
      resource = try AcceleratorCosts(recipe, masks: masks, graph: graph).resource()
      allowed = Double(count)
    case .microjoules(let energy):
      resource = try AcceleratorCosts(recipe, masks: masks, graph: graph).resource()
      allowed = energy
    }
    let prices: ResourceModel?
    switch recipe.cost {
    case .target: prices = resource
    case .weights: prices = .weights(masks)
    case .multiplyAccumulates: prices = try .multiplyAccumulates(masks, graph: graph)
    case .none: prices = nil
    }
    self.init(
      recipe: recipe, resource: resource, prices: prices, full: resource.total(masks),
      allowed: allowed)
  }

  /// Throws when so much of the resource as is left after the last iteration is too much.
  func checkMet(left: Double, masks: [LayerMask]) throws(PruningError) {
    guard left > allowed else { return }
    switch recipe.target {
    case .sparsity(let requested):
      // N:M alone has the sparsity that it has, a fine-tuned network none.
      guard recipe.method != .fineOnly, recipe.method != .dense else { return }
      throw .sparsityOutOfReach(
        requested: requested,
        lowest: RankColumnAllocation.reach(masks, allowsFull: recipe.method == .blocks).lowest,
        highest: 1 - left / max(1, full))
    case .bytes, .multiplyAccumulates, .milliseconds, .cycles, .microjoules:
      throw .targetOutOfReach(target: recipe.target.name, requested: allowed, least: left)
    }
  }
}
