import NeuralGraph

extension Graph {
  /// The same network with as many channels in each layer as these weights have: narrower or wider
  /// ones, and those whose channels were pruned, have an architecture's names and not its numbers.
  /// Throws where a layer is missing, has another kernel, or its channels do not fit its neighbours.
  func withChannels(of weights: Weights) throws(GraphError) -> Graph {
    var graph = self
    var channels = [Graph.inputName: input.channels]
    for (index, node) in nodes.enumerated() {
      var count = node.inputs.first.flatMap { channels[$0] } ?? 0
      switch node.operation {
      case .convolution(var convolution):
        let shape = try weights.tensor(node.weightName).shape
        guard shape.count == 4, shape[2...] == convolution.weightShape[2...],
          !convolution.isDepthwise || shape[1] == 1
        else {
          throw .weightShape(
            name: node.weightName, expected: convolution.weightShape, found: shape)
        }
        let isDepthwise = convolution.isDepthwise
        convolution.outChannels = shape[0]
        convolution.inChannels = isDepthwise ? shape[0] : shape[1] * convolution.groups
        if isDepthwise { convolution.groups = shape[0] }
        graph.nodes[index].operation = .convolution(convolution)
        count = convolution.outChannels
      case .linear(_, _, let bias):
        let shape = try weights.tensor(node.weightName).shape
        guard shape.count == 2 else {
          throw .weightShape(
            name: node.weightName, expected: node.parameters[0].shape, found: shape)
        }
        graph.nodes[index].operation = .linear(
          inFeatures: shape[1], outFeatures: shape[0], bias: bias)
        count = shape[0]
      case .batchNorm(_, let epsilon):
        graph.nodes[index].operation = .batchNorm(channels: count, epsilon: epsilon)
      case .scaleShift: graph.nodes[index].operation = .scaleShift(channels: count)
      case .concatenate: count = node.inputs.reduce(0) { $0 + (channels[$1] ?? 0) }
      case .relu, .clip, .sigmoid, .hardSigmoid, .hardSwish, .maxPool, .averagePool,
        .globalAveragePool, .add, .multiply, .pad:
        break
      }
      channels[node.name] = count
    }
    _ = try graph.shapes()
    return graph
  }
}
