import Randomness

/// How one iteration chooses masks from the worth of every weight (Documentation/method.md, steps
/// 3b and 3c, and the baselines that prune weights or tiles).
struct MaskChoice {
  let recipe: PruningRecipe
  /// What the target counts.
  let resource: ResourceModel
  /// What the scores of rank columns are divided by; nil for raw scores (B6).
  let prices: ResourceModel?
  /// Of the resource: what the network has before anything is pruned, and what it may have at last.
  let full, allowed: Double

  /// Chooses the masks of an iteration, 1…n. `worth` is in matrix order. Returns what is left of
  /// the resource, which is more than was allowed when nothing more may go.
  func choose(_ masks: inout [LayerMask], worth: [[Float]], iteration: Int) -> Double {
    let limit = limit(after: iteration)
    switch recipe.method {
    case .hybrid, .fineOnly:
      for index in masks.indices { masks[index].chooseFine(by: worth[index]) }
    case .blocks, .dense, .channels:
      for index in masks.indices { masks[index].keepAllFine() }
    case .unstructured:
      chooseSingly(&masks, worth: worth, allowed: Int(limit.rounded(.down)))
    }
    switch recipe.method {
    case .hybrid, .blocks:
      return RankColumnAllocation.prune(
        &masks, saliency: tileWorth(masks, worth, iteration),
        resource: resource, prices: prices, scale: recipe.scale, allowed: limit)
    case .fineOnly, .unstructured, .dense, .channels:
      return resource.total(masks)
    }
  }

  /// What may be left of the resource after iteration p of 1…n.
  func limit(after iteration: Int) -> Double {
    // At last exactly what is allowed, which the difference of rounded numbers would miss.
    iteration == recipe.iterations
      ? allowed : full - (full - allowed) * recipe.share(after: iteration)
  }

  /// The best weights of all layers together, of equal ones the first. As with tiles no output
  /// channel is emptied: each keeps its best few weights, as many as one tile of the pattern holds
  /// of it. The variance of an empty one is 0, and batch norm multiplies the gradients of its
  /// weights by 1/√ε, so that what is pruned grows without bound while it goes on learning (B3).
  private func chooseSingly(_ masks: inout [LayerMask], worth: [[Float]], allowed: Int) {
    var worth = recipe.scale == .layer ? worth.map(Self.shares) : worth
    var left = allowed
    for (index, mask) in masks.enumerated() {
      let columns = mask.layer.matrix.columns
      for row in 0..<mask.layer.matrix.rows {
        let range = row * columns..<(row + 1) * columns
        let best = range.sorted { worth[index][$0] > worth[index][$1] }
        for i in best.prefix(mask.pattern.slotsPerRow) { worth[index][i] = .infinity }
      }
    }
    var sorted = worth.joined().map { $0 }
    guard left < sorted.count else { return masks.indices.forEach { masks[$0].keepAllFine() } }
    sorted.sort(by: >)
    let threshold = left > 0 ? sorted[left - 1] : .infinity
    left -= sorted.firstIndex { $0 <= threshold } ?? left
    for (index, scores) in worth.enumerated() {
      masks[index].chooseFine(
        scores.map { score in
          guard score == threshold else { return score > threshold }
          left -= 1
          return left >= 0
        })
    }
  }

  /// Each score's share of those in its layer that are no lower.
  private static func shares(_ scores: [Float]) -> [Float] {
    var shares = scores
    var left = 0.0
    for i in scores.indices.sorted(by: { scores[$0] > scores[$1] }) {
      left += Double(scores[i])
      shares[i] = left > 0 ? Float(Double(scores[i]) / left) : 0
    }
    return shares
  }

  /// The worth of every weight as far as tiles go.
  private func tileWorth(_ masks: [LayerMask], _ worth: [[Float]], _ iteration: Int) -> [[Float]] {
    switch recipe.tiles {
    case .scored: worth
    case .spread: zip(masks, worth).map { TileSpread.shares($0, worth: $1) }
    case .random: blind(masks, iteration)
    }
  }

  /// A score for every tile that says nothing, so that each layer loses the same share.
  private func blind(_ masks: [LayerMask], _ iteration: Int) -> [[Float]] {
    masks.map { mask in
      var generator = SeededGenerator(
        seed: recipe.seed, stream: "tiles \(iteration) \(mask.layer.name)")
      let scores = mask.tiles.map { _ in Float(generator.nextUniform()) }
      var weights = [Float](repeating: 0, count: mask.layer.matrix.count)
      mask.grid.forEachTileRow { tile, indices in
        for i in indices { weights[i] = scores[tile] }
      }
      return weights
    }
  }
}
