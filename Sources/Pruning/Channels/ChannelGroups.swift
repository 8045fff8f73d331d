import NeuralGraph

/// Which values of a graph must keep the same channels: what a convolution writes, what batch norm
/// and activations make of it, and everything that is added to it.
package struct ChannelGroups {
  /// The group of each value, the image's included.
  private let group: [String: Int]
  /// Channels of each group, before anything is removed.
  package let channels: [Int: Int]
  /// Groups whose channels the outside sees: the image's and the scores'.
  package let fixed: Set<Int>

  /// Throws on operations for which removal is not defined here.
  package init(_ graph: Graph) throws {
    let shapes = try graph.shapes()
    var parents: [String: String] = [:]
    func root(_ name: String) -> String {
      var name = name
      while let parent = parents[name] { name = parent }
      return name
    }
    for node in graph.nodes {
      let joined: [String]
      switch node.operation {
      case .convolution(let c) where c.isDepthwise && c.inChannels == c.outChannels:
        joined = node.inputs
      case .convolution(let c) where c.groups == 1: joined = []
      case .linear: joined = []
      case .convolution, .concatenate:
        throw PruningError.invalidRecipe(
          field: "method", reason: "'channels' cannot remove channels around '\(node.name)'")
      case .batchNorm, .relu, .clip, .sigmoid, .hardSigmoid, .hardSwish, .scaleShift, .maxPool,
        .averagePool, .globalAveragePool, .pad, .add, .multiply:
        joined = node.inputs
      }
      for input in joined {
        let (a, b) = (root(node.name), root(input))
        if a != b { parents[a] = b }
      }
    }
    var numbers: [String: Int] = [:]
    var group: [String: Int] = [:]
    var channels: [Int: Int] = [:]
    for name in [Graph.inputName] + graph.nodes.map(\.name) {
      let number = numbers[root(name)] ?? numbers.count
      numbers[root(name)] = number
      group[name] = number
      channels[number] = (shapes[name] ?? graph.input).channels
    }
    self.group = group
    self.channels = channels
    fixed = Set([Graph.inputName, graph.output].compactMap { group[$0] })
  }

  /// The group of a value.
  func of(_ value: String) -> Int { group[value] ?? 0 }
}

extension Graph {
  /// The network with only the channels that `kept` lists for each group, and its weights. Groups
  /// that are not listed keep all.
  package func keeping(_ kept: [Int: [Int]], groups: ChannelGroups, weights: Weights) throws -> (
    graph: Graph, weights: Weights
  ) {
    var graph = self
    var weights = weights
    let shapes = try shapes()
    func channels(_ value: String, _ count: Int) -> [Int] {
      kept[groups.of(value)] ?? Array(0..<count)
    }
    func pick(_ name: String, rows: [Int]?, columns: [Int]? = nil) throws {
      let tensor = try weights.tensor(name)
      let outer = tensor.shape.first ?? 0
      let inner = tensor.shape.count > 1 ? tensor.shape[1] : 1
      let taps = tensor.values.count / max(1, outer * inner)
      let (rows, columns) = (rows ?? Array(0..<outer), columns ?? Array(0..<inner))
      var shape = [rows.count] + (tensor.shape.count > 1 ? [columns.count] : [])
      shape += tensor.shape.dropFirst(2)
      var values: [Float] = []
      values.reserveCapacity(rows.count * columns.count * taps)
      for row in rows {
        for column in columns {
          let start = (row * inner + column) * taps
          values += tensor.values[start..<start + taps]
        }
      }
      weights[name] = try Tensor(shape: shape, values: values)
    }
    for (index, node) in graph.nodes.enumerated() {
      let source = shapes[node.inputs[0]] ?? input
      switch node.operation {
      case .convolution(var c):
        let out = channels(node.name, c.outChannels)
        let into = channels(node.inputs[0], c.inChannels)
        try pick(node.weightName, rows: out, columns: c.isDepthwise ? nil : into)
        if c.bias { try pick(node.biasName, rows: out) }
        if c.isDepthwise { c.groups = out.count }
        (c.outChannels, c.inChannels) = (out.count, into.count)
        graph.nodes[index].operation = .convolution(c)
      case .linear(_, let outFeatures, let bias):
        let out = channels(node.name, outFeatures)
        let positions = source.height * source.width
        let into = channels(node.inputs[0], source.channels).flatMap { channel in
          channel * positions..<(channel + 1) * positions
        }
        try pick(node.weightName, rows: out, columns: into)
        if bias { try pick(node.biasName, rows: out) }
        graph.nodes[index].operation = .linear(
          inFeatures: into.count, outFeatures: out.count, bias: bias)
      case .batchNorm(let count, let epsilon):
        let out = channels(node.name, count)
        for parameter in node.parameters { try pick(parameter.name, rows: out) }
        graph.nodes[index].operation = .batchNorm(channels: out.count, epsilon: epsilon)
      case .scaleShift(let count):
        let out = channels(node.name, count)
        for parameter in node.parameters { try pick(parameter.name, rows: out) }
        graph.nodes[index].operation = .scaleShift(channels: out.count)
      default: break
      }
    }
    return (graph, weights)
  }
}
