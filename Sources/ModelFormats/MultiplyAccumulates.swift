import NeuralGraph

extension Graph {
  /// Multiply-accumulates of one image by node, for convolutions and linear layers with all their
  /// weights. Sizes that do not fit 64 bits are reported as `Int.max`. Throws what `shapes()`
  /// throws for a graph that does not fit together.
  public func multiplyAccumulates() throws(GraphError) -> [String: Int] {
    try multiplyAccumulates { node in
      guard let weight = node.parameters.first else { return 0 }
      return Tensor.count(of: weight.shape) ?? Int.max
    }
  }

  /// Weights of a layer times the positions at which each is used.
  fileprivate func multiplyAccumulates(
    _ weights: (Node) -> Int
  ) throws(GraphError) -> [String: Int] {
    let shapes = try shapes()
    var counts: [String: Int] = [:]
    for node in nodes where WeightMatrix(node.operation) != nil {
      guard let shape = shapes[node.name] else { continue }
      let (count, overflow) = weights(node)
        .multipliedReportingOverflow(by: shape.height * shape.width)
      counts[node.name] = overflow ? Int.max : count
    }
    return counts
  }
}

extension PackedModel {
  /// Multiply-accumulates of one image by node, counting the weights that are kept (trap B7 of the
  /// reference code: shapes alone always give the dense number). Throws `graph` for one that does
  /// not fit together.
  public func multiplyAccumulates() throws(FormatError) -> [String: Int] {
    do {
      return try description.graph.multiplyAccumulates { node in
        if let layer = layers[node.name] { return layer.keptWeights }
        guard let weight = node.parameters.first else { return 0 }
        return Tensor.count(of: weight.shape) ?? Int.max
      }
    } catch {
      throw .graph(error)
    }
  }

  /// Weights the packed layers keep, of all the weights their matrices have.
  public var packedDensity: Double {
    let kept = layers.values.reduce(0) { $0 + $1.keptWeights }
    let all = layers.values.reduce(0) { $0 + $1.matrix.count }
    return all == 0 ? 1 : Double(kept) / Double(all)
  }
}
