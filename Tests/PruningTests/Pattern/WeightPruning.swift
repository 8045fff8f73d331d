import Pruning

/// Prunes until at most `allowed` weights are kept, scores divided by weights (the default for a
/// target in sparsity). Returns how many are kept.
func prune(_ masks: inout [LayerMask], saliency: [[Float]], allowed: Int) -> Int {
  let weights = ResourceModel.weights(masks)
  return Int(
    RankColumnAllocation.prune(
      &masks, saliency: saliency, resource: weights, prices: weights, allowed: Double(allowed)))
}
