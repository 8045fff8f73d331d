import Foundation
import ModelFormats
import NeuralGraph

/// Writes models in the ONNX format: operator set 17, one input `input` [N, channels, height,
/// width]
/// of normalised images, one output of logits [N, classes], every node and weight under its name.
/// Labels, preprocessing, names and provenance stand in `metadata_props` under the keys that the
/// safetensors files use, so that importing an export gives the same model back.
public enum ONNXExport {
  /// The operator set that is written.
  public static let opset: Int64 = 17
  /// What files call the program that wrote them.
  static let producer = "crisp"

  /// The file's bytes; the same model gives the same bytes. Throws `ONNXError.model` where weights
  /// are missing or metadata cannot be written.
  public static func data(_ model: ModelFile) throws(ONNXError) -> Data {
    switch model {
    case .dense(let model): try data(model)
    case .packed(let model): try data(model)
    }
  }

  /// A dense model, with or without batch norm. Throws the same.
  public static func data(_ model: DenseModel) throws(ONNXError) -> Data {
    var metadata = try metadata(model.description)
    metadata[.training] = model.training
    return try data(model.description.graph, model.weights, metadata)
  }

  /// A packed model as a dense one, with zeros where the pattern keeps nothing. Throws the same.
  public static func data(_ model: PackedModel) throws(ONNXError) -> Data {
    var metadata = try metadata(model.description)
    try metadata.set(.pattern, json: model.pattern)
    metadata[.recipe] = model.provenance.recipe
    metadata[.accuracy] = model.provenance.accuracy
    metadata[.seed] = String(model.provenance.seed)
    metadata[.baseModelDigest] = model.provenance.baseModelDigest
    metadata[.dataDigest] = model.provenance.dataDigest
    metadata[.generator] = model.provenance.generator
    let weights = try ONNXError.wrapping { try model.denseWeights() }
    return try data(model.description.graph, weights, metadata)
  }

  private static func metadata(
    _ description: ModelDescription
  ) throws(ONNXError) -> ONNXMetadata {
    var metadata = ONNXMetadata()
    try metadata.set(.labels, json: description.labels)
    try metadata.set(.preprocessing, json: description.preprocessing)
    metadata[.architecture] = description.architecture
    metadata[.dataset] = description.dataset
    return metadata
  }

  private static func data(
    _ graph: Graph, _ weights: Weights, _ metadata: ONNXMetadata
  ) throws(ONNXError) -> Data {
    var file = ONNXModel()
    // The version of the container that came with the operator set.
    file.irVersion = 8
    file.producerName = producer
    var operators = ONNXOperatorSet()
    operators.version = opset
    file.opsetImport = [operators]
    file.metadataProps = metadata.properties
    var exporter = Exporter(graph: graph, weights: weights)
    file.graph = try exporter.run()
    return try ONNXError.wrapping { try file.serializedData() }
  }
}
