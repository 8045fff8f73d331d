import ModelFormats
import NeuralGraph

extension DenseModel {
  /// The same network with a classifier for the given classes only, in their order (B9). Scores of
  /// the kept classes do not change.
  ///
  /// `classes` are indices into the labels. Throws `noClassifier` where the network has no layer with
  /// one output a class (`Graph.classifier`), `mismatch` for an index beyond the labels.
  public func sliced(to classes: [Int]) throws -> DenseModel {
    var graph = description.graph
    guard let classifier = graph.classifier else {
      throw PruningError.noClassifier(output: graph.output)
    }
    for position in classes where !description.labels.indices.contains(position) {
      throw PruningError.mismatch(
        reason: "class \(position) is not among \(description.labels.count) labels")
    }
    var weights = weights
    for node in [classifier.layer] + classifier.followers {
      guard let index = graph.nodes.firstIndex(where: { $0.name == node.name }) else { continue }
      graph.nodes[index].operation = node.operation.withOutputs(classes.count)
      for parameter in node.parameters {
        weights[parameter.name] = try weights.tensor(parameter.name).rows(classes)
      }
    }
    return try DenseModel(
      description: ModelDescription(
        graph: graph, labels: classes.map { description.labels[$0] },
        preprocessing: description.preprocessing, architecture: description.architecture,
        dataset: description.dataset),
      weights: weights, training: training)
  }
}

extension Operation {
  /// The same with another number of channels in what it makes.
  fileprivate func withOutputs(_ count: Int) -> Operation {
    switch self {
    case .linear(let inFeatures, _, let bias):
      return .linear(inFeatures: inFeatures, outFeatures: count, bias: bias)
    case .convolution(var convolution):
      convolution.outChannels = count
      return .convolution(convolution)
    case .batchNorm(_, let epsilon): return .batchNorm(channels: count, epsilon: epsilon)
    case .scaleShift: return .scaleShift(channels: count)
    default: return self
    }
  }
}

extension Tensor {
  /// Some indices of the first axis, in that order; each has to be one of it.
  fileprivate func rows(_ indices: [Int]) throws(GraphError) -> Tensor {
    let run = values.count / max(1, shape.first ?? 1)
    return try Tensor(
      shape: [indices.count] + shape.dropFirst(),
      values: indices.flatMap { values[$0 * run..<($0 + 1) * run] })
  }
}
