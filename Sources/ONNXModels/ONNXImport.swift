import Foundation
import ModelFormats
import NeuralGraph

/// Reads image classifiers in the ONNX format.
public enum ONNXImport {
  /// The operator sets that are read.
  public static let opsets: ClosedRange<Int64> = 11...21
  /// The operators that are read, in alphabetical order.
  public static let operators = Importer.operators

  /// Whether a file is taken for an ONNX file, which no bytes at its start tell.
  public static func isNamedSo(_ path: String) -> Bool {
    path.lowercased().hasSuffix(".onnx")
  }

  /// The model in an ONNX file, with what is known of it beside (see the other two); every error
  /// names the file.
  public static func model(
    contentsOf url: URL, facts: StateDictImport? = nil
  ) throws(ONNXError) -> DenseModel {
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw .unreadable(path: url.path, reason: error.localizedDescription)
    }
    do throws(ONNXError) {
      guard let facts else { return try model(data: data) }
      return try model(data: data, facts: facts)
    } catch {
      throw .inFile(path: url.path, error)
    }
  }

  /// The model in the bytes of an ONNX file (a `ModelProto`): one input [N, channels, height,
  /// width], one output of class scores.
  ///
  /// What the caller leaves out comes from the metadata that `ONNXExport` writes, else labels are
  /// the numbers of the classes and images are expected on the 0…1 scale without normalisation. A
  /// softmax at the end is left out: scores are logits everywhere here. Layers are called as their
  /// weights are, where exporters kept PyTorch's names; `training` says where the model came from.
  /// Throws `ONNXError` for bytes that are not an ONNX file, for operators, inputs and outputs
  /// outside of what is supported (naming the node), and for labels or preprocessing that do not
  /// fit.
  public static func model(
    data: Data, labels: [String]? = nil, preprocessing: Preprocessing? = nil,
    architecture: String? = nil, dataset: String? = nil
  ) throws(ONNXError) -> DenseModel {
    let parsed = try ParsedModel(data, image: preprocessing?.shape)
    return try parsed.model(
      labels: labels ?? parsed.labels, architecture: architecture, dataset: dataset
    ) { shape throws(FormatError) in
      if let known = preprocessing ?? parsed.preprocessing { return known }
      return try Preprocessing(
        shape: shape, mean: [Float](repeating: 0, count: shape.channels),
        standardDeviation: [Float](repeating: 1, count: shape.channels), orientation: .exif)
    }
  }

  /// The same with what a user says of it, as of a state dict: what is stated wins over the file's
  /// metadata, and that over the data set. How images are normalised must follow from one of them,
  /// as for state dicts.
  public static func model(
    data: Data, facts: StateDictImport
  ) throws(ONNXError) -> DenseModel {
    let parsed = try ParsedModel(data, image: facts.input ?? facts.source?.image)
    var labels = facts.labels ?? parsed.labels
    if labels == nil, let names = facts.source?.classes, names.count == parsed.classes {
      labels = names
    }
    return try parsed.model(
      labels: labels, architecture: facts.architecture?.rawValue, dataset: facts.source?.name
    ) { shape throws(FormatError) in
      if facts.mean == nil, facts.standardDeviation == nil, let known = parsed.preprocessing {
        return known
      }
      return try facts.preprocessing(for: shape)
    }
  }
}

/// An ONNX file's network, before anything is known of its labels and images but what the file says.
private struct ParsedModel {
  private let graph: Graph
  private let weights: Weights
  private let training: String
  private let metadata: ONNXMetadata
  /// Scores of one image.
  let classes: Int
  /// From metadata.
  let labels: [String]?
  /// From metadata.
  let preprocessing: Preprocessing?

  /// `image` is the shape where the file leaves it open.
  init(_ data: Data, image: ActivationShape?) throws(ONNXError) {
    let file: ONNXModel
    do {
      file = try ONNXModel(serializedBytes: data)
    } catch {
      throw .malformed(reason: "\(error)")
    }
    guard file.hasGraph else { throw .missingGraph }
    let opset = file.opsetImport.first { ["", "ai.onnx"].contains($0.domain) }?.version
    guard let opset, ONNXImport.opsets.contains(opset) else { throw .unsupportedOpset(opset) }
    let metadata = ONNXMetadata(file.metadataProps)
    labels = try metadata.decoded(.labels)
    preprocessing = try metadata.decoded(.preprocessing)
    var importer = Importer(opset: opset, fileSize: data.count)
    let graph = try importer.run(file.graph, image: image ?? preprocessing?.shape)
    let classes = try ONNXError.wrapping { try graph.shapes()[graph.output]?.count ?? 0 }
    guard classes <= Self.largestClassCount else {
      throw .unsupportedOutput(reason: "\(classes) classes are too many")
    }
    let origin = Origin(
      importedFrom: "onnx", producer: file.producerName, producerVersion: file.producerVersion,
      opset: opset, leftOut: importer.droppedOperators)
    training = try ONNXError.wrapping { try metadata[.training] ?? CanonicalJSON.text(origin) }
    weights = importer.weights
    self.graph = graph
    self.classes = classes
    self.metadata = metadata
  }

  func model(
    labels: [String]?, architecture: String?, dataset: String?,
    preprocessing: (ActivationShape) throws(FormatError) -> Preprocessing
  ) throws(ONNXError) -> DenseModel {
    do throws(FormatError) {
      return try DenseModel(
        description: ModelDescription(
          graph: graph, labels: labels ?? (0..<classes).map { String($0) },
          preprocessing: preprocessing(graph.input),
          architecture: architecture ?? metadata[.architecture],
          dataset: dataset ?? metadata[.dataset]),
        weights: weights, training: training)
    } catch {
      throw .model(error)
    }
  }

  /// More scores than that are no classification.
  private static let largestClassCount = 1 << 20

  /// What `DenseModel.training` says of an imported model.
  private struct Origin: Encodable {
    let importedFrom, producer, producerVersion: String
    let opset: Int64
    /// Operators at the end that were left out, softmax above all.
    let leftOut: [String]

    private enum CodingKeys: String, CodingKey {
      case producer, opset
      case importedFrom = "imported_from"
      case producerVersion = "producer_version"
      case leftOut = "left_out"
    }
  }
}
