import ModelFormats
import NeuralGraph

extension DenseModel {
  /// The same network with a classifier for the given classes only, in their order (B9). Scores of
  /// the kept classes do not change.
  ///
  /// `classes` are indices into the labels. Throws `noClassifier` where the network does not end in
  /// a linear layer, `mismatch` for an index beyond the labels.
  public func sliced(to classes: [Int]) throws -> DenseModel {
    var graph = description.graph
    guard let index = graph.nodes.firstIndex(where: { $0.name == graph.output }),
      case .linear(let inFeatures, _, let hasBias) = graph.nodes[index].operation
    else { throw PruningError.noClassifier(output: graph.output) }
    for position in classes where !description.labels.indices.contains(position) {
      throw PruningError.mismatch(
        reason: "class \(position) is not among \(description.labels.count) labels")
    }
    let node = graph.nodes[index]
    graph.nodes[index].operation = .linear(
      inFeatures: inFeatures, outFeatures: classes.count, bias: hasBias)
    var weights = weights
    let matrix = try weights.tensor(node.weightName)
    weights[node.weightName] = try Tensor(
      shape: [classes.count, inFeatures],
      values: classes.flatMap { matrix.values[$0 * inFeatures..<($0 + 1) * inFeatures] })
    if hasBias {
      let bias = try weights.tensor(node.biasName)
      weights[node.biasName] = try Tensor(
        shape: [classes.count], values: classes.map { bias.values[$0] })
    }
    return try DenseModel(
      description: ModelDescription(
        graph: graph, labels: classes.map { description.labels[$0] },
        preprocessing: description.preprocessing, architecture: description.architecture,
        dataset: description.dataset),
      weights: weights, training: training)
  }
}
