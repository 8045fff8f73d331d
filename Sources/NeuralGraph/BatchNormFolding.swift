extension Graph {
  /// The same function without batch norm: each normalisation that alone reads a convolution or
  /// linear layer moves into that layer's weights and bias (evaluation mode:
  /// y = γ(x − μ)/√(σ² + ε) + β), and so does each constant scale and shift. Zeros stay zeros, so
  /// sparsity patterns survive.
  ///
  /// A node whose input has other readers, or is no convolution or linear layer, stays. Throws for
  /// a graph or weights that do not fit together.
  public func foldingBatchNorm(_ weights: Weights) throws(GraphError) -> (Graph, Weights) {
    _ = try shapes()
    try validate(weights)
    var readers: [String: Int] = [output: 1]
    for node in nodes { for input in node.inputs { readers[input, default: 0] += 1 } }

    var folded = Graph(input: input, nodes: [], output: output)
    var result: Weights = [:]
    // Folded nodes vanish; whoever read one reads the layer it went into.
    var renamed: [String: String] = [:]
    for node in nodes {
      var node = node
      // Counted before renaming: a folded node may have readers that its layer had not.
      let isOnlyReader = node.inputs.allSatisfy { readers[$0] == 1 }
      node.inputs = node.inputs.map { renamed[$0] ?? $0 }
      if isOnlyReader, let coefficients = try ChannelCoefficients(node, weights: weights),
        let index = folded.nodes.firstIndex(where: { $0.name == node.inputs[0] }),
        let matrix = WeightMatrix(folded.nodes[index].operation)
      {
        let target = folded.nodes[index]
        var weight = try result.tensor(target.weightName)
        var bias = result[target.biasName] ?? Tensor(shape: [matrix.rows], filledWith: 0)
        for row in 0..<matrix.rows {
          let scale = coefficients.scale[row]
          for i in row * matrix.columns..<(row + 1) * matrix.columns { weight.values[i] *= scale }
          bias.values[row] = bias.values[row] * scale + coefficients.shift[row]
        }
        result[target.weightName] = weight
        result[target.biasName] = bias
        folded.nodes[index].operation = target.operation.withBias
        renamed[node.name] = target.name
        if folded.output == node.name { folded.output = target.name }
        continue
      }
      folded.nodes.append(node)
      for parameter in node.parameters {
        result[parameter.name] = try weights.tensor(parameter.name)
      }
    }
    return (folded, result)
  }
}

extension Operation {
  fileprivate var withBias: Operation {
    switch self {
    case .convolution(var convolution):
      convolution.bias = true
      return .convolution(convolution)
    case .linear(let inFeatures, let outFeatures, _):
      return .linear(inFeatures: inFeatures, outFeatures: outFeatures, bias: true)
    default:
      return self
    }
  }
}
