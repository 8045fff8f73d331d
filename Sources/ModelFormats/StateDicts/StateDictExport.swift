import NeuralGraph

extension StateDict {
  /// The weights of a dense model, under its architecture's names when it has one. Throws `graph`
  /// where the weights do not fit the architecture.
  public init(_ model: DenseModel) throws(FormatError) {
    try self.init(model.description, model.weights)
  }

  /// The weights of a packed model with zeros where nothing is kept. Throws like the dense one.
  public init(_ model: PackedModel) throws(FormatError) {
    try self.init(model.description, model.denseWeights())
  }

  /// PyTorch's networks have batch norm where a pruned model has none left: there it is written as
  /// one that does nothing but add the layer's constant. Models of no known architecture, or of
  /// other layers than the one they name, keep the names of their own graph; narrower ones, as those
  /// whose channels were pruned, are of their architecture.
  private init(_ description: ModelDescription, _ weights: Weights) throws(FormatError) {
    var graph = description.graph
    var weights = weights
    var title: String?
    do throws(GraphError) {
      if let architecture = description.architecture.flatMap(Architecture.init(title:)),
        let named = try? architecture.graph(
          input: description.graph.input, classes: description.labels.count
        ).withChannels(of: weights)
      {
        var unfolded = weights
        named.unfoldBatchNorm(&unfolded)
        if (try? named.validate(unfolded)) != nil {
          (graph, weights, title) = (named, unfolded, description.architecture)
        }
      }
      try graph.validate(weights)
    } catch {
      throw .graph(error)
    }
    let norms = graph.nodes.filter {
      if case .batchNorm = $0.operation { true } else { false }
    }
    self.init(weights: weights, counted: norms.map(\.name), title: title)
  }
}

extension Graph {
  /// Adds to the weights of a folded network the batch norm that this graph has and they lack:
  /// y = γx/√(σ² + ε) + β with μ = 0, σ² = 1, γ = √(1 + ε) and, as β, the constant that folding
  /// gave the layer before it.
  fileprivate func unfoldBatchNorm(_ weights: inout Weights) {
    for node in nodes {
      guard case .batchNorm(let channels, let epsilon) = node.operation,
        weights[node.weightName] == nil, let layer = self.node(named: node.inputs[0])
      else { continue }
      func constant(_ value: Float) -> Tensor { Tensor(shape: [channels], filledWith: value) }
      weights[node.biasName] = weights.removeValue(forKey: layer.biasName) ?? constant(0)
      if layer.parameters.contains(where: { $0.name == layer.biasName }) {
        weights[layer.biasName] = constant(0)
      }
      weights[node.weightName] = constant((1 + epsilon).squareRoot())
      weights[node.meanName] = constant(0)
      weights[node.varianceName] = constant(1)
    }
  }
}
