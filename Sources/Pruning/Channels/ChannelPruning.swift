import NeuralGraph

/// Class-aware channel pruning, a baseline (Documentation/method.md, "Baselines"): the output
/// channels with the least worth per weight that goes with them are removed from the network,
/// together with all that reads them. Channels that are added to each other go together.
struct ChannelPruning {
  private let graph: Graph
  private let groups: ChannelGroups
  /// Layers with a matrix, the dense ones too: their rows belong to channels as well.
  private let layers: [PrunableLayer]
  /// Names of the layers whose weights count.
  private let prunable: Set<String>

  init(_ graph: Graph, prunable: Set<String>) throws {
    self.graph = graph
    self.prunable = prunable
    groups = try ChannelGroups(graph)
    layers = PrunableLayer.layers(of: graph)
  }

  /// One channel of one group.
  private struct Channel: Hashable {
    let group, index: Int
  }

  /// Channels of a layer's matrix: rows, and columns a tap.
  private struct Ends {
    let out, into: Int
  }

  /// The channels to keep, by group, so that at most `allowed` weights of prunable layers are left;
  /// every group keeps one. `worth` is one array per layer with a matrix, in matrix order.
  private func kept(worth: [[Float]], allowed: Int) -> [Int: [Int]] {
    let inputs = Dictionary(
      graph.nodes.map { ($0.name, $0.inputs[0]) }, uniquingKeysWith: { first, _ in first })
    let ends = layers.map { layer in
      Ends(out: groups.of(layer.name), into: groups.of(inputs[layer.name] ?? layer.name))
    }
    var scores: [Channel: Double] = [:]
    var costs: [Channel: Int] = [:]
    for ((layer, values), ends) in zip(zip(layers, worth), ends) {
      let matrix = layer.matrix
      let counts = prunable.contains(layer.name)
      for row in 0..<matrix.rows {
        let sum = values[row * matrix.columns..<(row + 1) * matrix.columns]
          .reduce(0.0) { $0 + Double($1) }
        scores[Channel(group: ends.out, index: row), default: 0] += sum
        if counts { costs[Channel(group: ends.out, index: row), default: 0] += matrix.columns }
      }
      let channels = groups.channels[ends.into] ?? 0
      guard counts, channels > 0 else { continue }
      for channel in 0..<channels {
        costs[Channel(group: ends.into, index: channel), default: 0] +=
          matrix.count / channels
      }
    }
    func price(_ channel: Channel) -> Double {
      scores[channel, default: 0] / Double(max(1, costs[channel, default: 0]))
    }
    let order = scores.keys.filter { !groups.fixed.contains($0.group) }
      .map { (channel: $0, price: price($0)) }
      .sorted {
        ($0.price, $0.channel.group, $0.channel.index)
          < ($1.price, $1.channel.group, $1.channel.index)
      }
    var left = groups.channels
    var gone = Set<Channel>()
    func weights() -> Int {
      zip(layers, ends).reduce(0) { sum, pair in
        let (layer, ends) = pair
        guard prunable.contains(layer.name), let into = groups.channels[ends.into], into > 0 else {
          return sum
        }
        // A linear layer after a map reads several features of each channel.
        return sum + (left[ends.out] ?? 0) * (left[ends.into] ?? 0) * (layer.matrix.columns / into)
      }
    }
    for entry in order where weights() > allowed {
      let group = entry.channel.group
      guard let count = left[group], count > 1 else { continue }
      left[group] = count - 1
      gone.insert(entry.channel)
    }
    return groups.channels.reduce(into: [:]) { kept, group in
      kept[group.key] = (0..<group.value).filter {
        !gone.contains(Channel(group: group.key, index: $0))
      }
    }
  }

  /// The smaller network.
  func pruned(weights: Weights, worth: [[Float]], allowed: Int) throws -> (
    graph: Graph, weights: Weights
  ) {
    try graph.keeping(kept(worth: worth, allowed: allowed), groups: groups, weights: weights)
  }
}
