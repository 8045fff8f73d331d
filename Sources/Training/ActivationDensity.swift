import NeuralGraph

/// Shares of activations that are not zero where layers read them: what an accelerator that skips zeros of
/// activations can save.
public enum ActivationDensity {
  /// Measures what every convolution and linear layer reads.
  /// - Parameters:
  ///   - images: `count` normalised NCHW images.
  ///   - threads: Cores to compute with.
  /// - Returns: 0…1 by node name.
  /// - Throws: `TrainingError` for weights or images that do not fit the graph.
  public static func measure(
    graph: Graph, weights: Weights, images: [Float], count: Int, threads: Int
  ) throws(TrainingError) -> [String: Double] {
    var byValue: [String: Double] = [:]
    var densities: [String: Double] = [:]
    for node in graph.nodes where WeightMatrix(node.operation) != nil {
      guard let read = node.inputs.first else { continue }
      if byValue[read] == nil {
        byValue[read] = try density(
          of: read, in: graph, weights: weights, images: images, count: count, threads: threads)
      }
      densities[node.name] = byValue[read]
    }
    return densities
  }

  private static func density(
    of value: String, in graph: Graph, weights: Weights, images: [Float], count: Int,
    threads: Int
  ) throws(TrainingError) -> Double {
    guard let position = graph.nodes.firstIndex(where: { $0.name == value }) else {
      return share(images)
    }
    // The engine answers with the last value only, so the network is cut there.
    var cut = graph
    cut.nodes = Array(graph.nodes[...position])
    cut.output = value
    let names = Set(cut.parameters().map(\.name))
    let network = try Network(
      graph: cut, weights: weights.filter { names.contains($0.key) }, threads: threads)
    return share(try network.forward(images, count: count, mode: .inference))
  }

  private static func share(_ values: [Float]) -> Double {
    guard !values.isEmpty else { return 1 }
    return Double(values.reduce(0) { $0 + ($1 == 0 ? 0 : 1) }) / Double(values.count)
  }
}
