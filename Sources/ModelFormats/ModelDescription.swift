import NeuralGraph

/// What every model file says about its network beside the weights.
public struct ModelDescription: Sendable, Hashable {
  /// The network, validated.
  public let graph: Graph
  /// The name of each class, in the order of the scores.
  public let labels: [String]
  /// What has to happen to an image first.
  public let preprocessing: Preprocessing
  /// The name of the architecture, when it has one.
  public let architecture: String?
  /// The name of the data it was trained on, when known.
  public let dataset: String?

  /// Throws unless the graph is valid, there is one label per score, and the preprocessing makes
  /// images of the graph's input shape.
  public init(
    graph: Graph, labels: [String], preprocessing: Preprocessing, architecture: String? = nil,
    dataset: String? = nil
  ) throws(FormatError) {
    let classes: Int
    do {
      classes = try graph.shapes()[graph.output]?.count ?? 0
    } catch {
      throw .graph(error)
    }
    guard labels.count == classes else {
      throw .labelCount(expected: classes, found: labels.count)
    }
    guard preprocessing.shape == graph.input else {
      throw .preprocessing(
        reason: "it makes images of \(preprocessing.shape), the graph reads \(graph.input)")
    }
    self.graph = graph
    self.labels = labels
    self.preprocessing = preprocessing
    self.architecture = architecture
    self.dataset = dataset
  }

  /// The same description for another graph of the same input and classes, for example after batch
  /// norm was folded away. Throws `FormatError` where they differ.
  public func with(graph: Graph) throws(FormatError) -> ModelDescription {
    try ModelDescription(
      graph: graph, labels: labels, preprocessing: preprocessing, architecture: architecture,
      dataset: dataset)
  }
}

extension ModelDescription {
  init(_ metadata: FileMetadata) throws(FormatError) {
    try self.init(
      graph: try metadata.json(.graph, as: Graph.self),
      labels: try metadata.json(.labels, as: [String].self),
      preprocessing: try metadata.json(.preprocessing, as: Preprocessing.self),
      architecture: metadata.optional(.architecture), dataset: metadata.optional(.dataset))
  }

  func write(to metadata: inout FileMetadata) throws(FormatError) {
    try metadata.set(.graph, json: graph)
    try metadata.set(.labels, json: labels)
    try metadata.set(.preprocessing, json: preprocessing)
    metadata.set(.architecture, architecture)
    metadata.set(.dataset, dataset)
  }
}
