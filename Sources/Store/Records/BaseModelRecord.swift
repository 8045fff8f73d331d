import Digests
import Foundation

/// A dense model the operator registered, from which users' models are pruned.
public struct BaseModelRecord: Equatable, Sendable {
  /// Unique name.
  public var name: String
  /// The architecture's name; opaque here.
  public var architecture: String
  /// The dense safetensors file in the ``BlobStore``.
  public var blob: SHA256Digest
  /// The registered data set it was trained on.
  public var dataset: String
  /// Class names in output order.
  public var labels: [String]
  /// What the caller takes for the model's identity in request fingerprints.
  public var digest: SHA256Digest
  /// Number of trainable values.
  public var parameterCount: Int64
  /// Anything else as a JSON document; opaque here.
  public var metadata: Data

  /// All fields; the store validates them when the model is added.
  public init(
    name: String, architecture: String, blob: SHA256Digest, dataset: String, labels: [String],
    digest: SHA256Digest, parameterCount: Int64, metadata: Data = Data("{}".utf8)
  ) {
    self.name = name
    self.architecture = architecture
    self.blob = blob
    self.dataset = dataset
    self.labels = labels
    self.digest = digest
    self.parameterCount = parameterCount
    self.metadata = metadata
  }
}
