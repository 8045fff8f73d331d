import Foundation
import ModelFormats
import NeuralGraph

/// Reads image classifiers in the ONNX format.
public enum ONNXImport {
  /// The operator sets that are read.
  public static let opsets: ClosedRange<Int64> = 11...21
  /// The operators that are read, in alphabetical order.
  public static let operators = Importer.operators

  /// The model in an ONNX file; every error names the file. See `model(data:)`.
  public static func model(
    contentsOf url: URL, labels: [String]? = nil, preprocessing: Preprocessing? = nil,
    architecture: String? = nil, dataset: String? = nil
  ) throws(ONNXError) -> DenseModel {
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw .unreadable(path: url.path, reason: error.localizedDescription)
    }
    do throws(ONNXError) {
      return try model(
        data: data, labels: labels, preprocessing: preprocessing, architecture: architecture,
        dataset: dataset)
    } catch {
      throw .inFile(path: url.path, error)
    }
  }

  /// The model in the bytes of an ONNX file (a `ModelProto`): one input [N, channels, height,
  /// width], one output of class scores.
  ///
  /// What the caller leaves out comes from the metadata that `ONNXExport` writes, else labels are the
  /// numbers of the classes and images are expected on the 0…1 scale without normalisation. A softmax
  /// at the end is left out: scores are logits everywhere here. Layers are called as their weights
  /// are, where exporters kept PyTorch's names; `training` says where the model came from.
  public static func model(
    data: Data, labels: [String]? = nil, preprocessing: Preprocessing? = nil,
    architecture: String? = nil, dataset: String? = nil
  ) throws(ONNXError) -> DenseModel {
    let file: ONNXModel
    do {
      file = try ONNXModel(serializedBytes: data)
    } catch {
      throw .malformed(reason: "\(error)")
    }
    guard file.hasGraph else { throw .missingGraph }
    let opset = file.opsetImport.first { ["", "ai.onnx"].contains($0.domain) }?.version
    guard let opset, opsets.contains(opset) else { throw .unsupportedOpset(opset) }
    let metadata = ONNXMetadata(file.metadataProps)
    var preprocessing = preprocessing
    if preprocessing == nil { preprocessing = try metadata.decoded(.preprocessing) }

    var importer = Importer(opset: opset, fileSize: data.count)
    let graph = try importer.run(file.graph, image: preprocessing?.shape)
    let origin = Origin(
      importedFrom: "onnx", producer: file.producerName, producerVersion: file.producerVersion,
      opset: opset, leftOut: importer.droppedOperators)
    return try ONNXError.wrapping {
      let classes = try graph.shapes()[graph.output]?.count ?? 0
      guard classes <= largestClassCount else {
        throw ONNXError.unsupportedOutput(reason: "\(classes) classes are too many")
      }
      return try DenseModel(
        description: ModelDescription(
          graph: graph,
          labels: labels ?? metadata.decoded(.labels) ?? (0..<classes).map(String.init),
          preprocessing: preprocessing
            ?? Preprocessing(
              shape: graph.input, mean: [Float](repeating: 0, count: graph.input.channels),
              standardDeviation: [Float](repeating: 1, count: graph.input.channels)),
          architecture: architecture ?? metadata[.architecture],
          dataset: dataset ?? metadata[.dataset]),
        weights: importer.weights, training: metadata[.training] ?? CanonicalJSON.text(origin))
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
