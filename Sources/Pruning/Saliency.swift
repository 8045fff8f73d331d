import Datasets
import NeuralGraph
import Training

/// CASS, the class-aware saliency score (Documentation/method.md, "Saliency"):
/// T(w) = E over minibatches of |dL/dw| · |w|.
///
/// Gradients are taken at the masked forward pass and recorded for every weight, masked ones too
/// (B3), with batch norm in evaluation mode. It is |w|, not w² (B2).
package struct Saliency {
  package let batches: Int
  package let batchSize: Int

  /// An estimate over `batches` minibatches of `batchSize` images.
  package init(batches: Int, batchSize: Int) {
    self.batches = batches
    self.batchSize = batchSize
  }

  /// T per layer, in matrix order. `learning` gives a weight's learning values, which for masked
  /// weights differ from what the network computes with. The loss is that of the first `classes`
  /// scores, and a layer's matrix may hold the first rows of the network's.
  package func estimate(
    _ network: Network, classes: Int, layers: [PrunableLayer], sampler: inout ClassSampler,
    learning: (String) -> UnsafeMutableBufferPointer<Float>?,
    checkCancellation: () throws -> Void
  ) throws -> [[Float]] {
    var sums = layers.map { [Float](repeating: 0, count: $0.matrix.count) }
    for _ in 0..<batches {
      try checkCancellation()
      let batch = try sampler.next(batchSize)
      let scores = try network.forward(
        batch.images, count: batch.count, mode: .evaluationGradient)
      let loss = try Loss.crossEntropy(
        firstScores(scores, of: network.classCount, count: classes), labels: batch.labels,
        classes: classes)
      try network.backward(loss.widened(from: classes, to: network.classCount).gradient)
      for (index, layer) in layers.enumerated() {
        guard let gradient = network.parameters[layer.weightName]?.gradient,
          gradient.count >= sums[index].count
        else { continue }
        for i in sums[index].indices { sums[index][i] += abs(gradient[i]) }
      }
    }
    let scale = 1 / Float(max(1, batches))
    // In place, layer by layer: VGG's sums are half a gigabyte.
    for (index, layer) in layers.enumerated() {
      guard let weights = learning(layer.weightName) else { continue }
      for i in sums[index].indices { sums[index][i] *= abs(weights[i]) * scale }
      if let ordered = layer.matrix.fromOIHW(sums[index]) { sums[index] = ordered }
    }
    return sums
  }
}
