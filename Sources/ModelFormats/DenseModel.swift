import NeuralGraph

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A dense model: weights under PyTorch's names and in its axis orders (OIHW), in a safetensors
/// file whose `__metadata__` holds
///
/// | key | text |
/// |---|---|
/// | `format` | `crisp-dense` |
/// | `format_version` | `1` |
/// | `graph` | the graph as JSON, see `Graph` |
/// | `labels` | JSON array, one text per class |
/// | `preprocessing` | JSON: `channels`, `height`, `width`, `mean`, `std`, perhaps `resize`, see `Preprocessing` |
/// | `architecture`, `dataset` | names; optional |
/// | `training` | JSON of any shape: how it was made; optional |
public struct DenseModel: Sendable, Hashable {
  /// The text under `format`.
  public static let format = "crisp-dense"

  /// Graph, labels and preprocessing.
  public let description: ModelDescription
  /// Exactly the graph's parameters.
  public let weights: Weights
  /// JSON of any shape about how the model was made.
  public let training: String?

  /// Throws unless `weights` are exactly the graph's parameters and numbers, and `training` is JSON.
  public init(
    description: ModelDescription, weights: Weights, training: String? = nil
  ) throws(FormatError) {
    do {
      try description.graph.validate(weights)
      try description.graph.validateValues(weights)
    } catch {
      throw .graph(error)
    }
    if let training { try FileMetadata.checkJSON(training, .training) }
    self.description = description
    self.weights = weights
    self.training = training
  }

  /// Reads a file. Throws `FormatError`: unreadable, not a safetensors file, or not a dense model
  /// that fits its graph.
  public init(contentsOf url: URL) throws(FormatError) {
    try self.init(SafetensorsFile(contentsOf: url))
  }

  /// Reads a file that is in memory already. Throws like the reader of files.
  public init(data: Data) throws(FormatError) {
    try self.init(SafetensorsFile(data: data))
  }

  init(_ file: SafetensorsFile) throws(FormatError) {
    let metadata = try FileMetadata(file.metadata, format: DenseModel.format)
    try self.init(
      description: ModelDescription(metadata), weights: file.weights(),
      training: metadata.optional(.training))
  }

  /// The file's bytes; the same model gives the same bytes. Throws when its description cannot be
  /// written as JSON.
  public func serialized() throws(FormatError) -> Data {
    var metadata = FileMetadata(format: DenseModel.format)
    try description.write(to: &metadata)
    metadata.set(.training, training)
    var writer = SafetensorsWriter(metadata: metadata.texts)
    for (name, tensor) in weights { try writer.add(name, tensor) }
    return writer.serialized()
  }
}
