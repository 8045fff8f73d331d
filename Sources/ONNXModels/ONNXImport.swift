import Foundation
import Inputs
import ModelFormats
import NeuralGraph

/// Reads image classifiers in the ONNX format.
public enum ONNXImport {
  /// The operator sets that are read.
  public static let opsets: ClosedRange<Int64> = 9...23
  /// The operators that are read, in alphabetical order.
  public static let operators = Importer.operators

  /// Whether a file is called as ONNX files are.
  public static func isNamedSo(_ path: String) -> Bool {
    path.lowercased().hasSuffix(".onnx")
  }

  /// Whether a file is taken for an ONNX file: by its first bytes, `ForeignFile.sample` of them or all
  /// of fewer, where they tell, else by its name.
  public static func isONNX(start: [UInt8], named path: String) -> Bool {
    // A safetensors file under another name.
    if ForeignFile.isSafetensors(start: start) { return false }
    return ForeignFile(start: start) == .onnx || isNamedSo(path)
  }

  /// The same of a file on disk; one that cannot be read counts by its name.
  public static func isONNX(contentsOf url: URL) -> Bool {
    let handle = try? FileHandle(forReadingFrom: url)
    defer { try? handle?.close() }
    let start = (try? handle?.read(upToCount: ForeignFile.sample)) ?? Data()
    return isONNX(start: [UInt8](start), named: url.path)
  }

  /// The model in an ONNX file, with what is known of it beside (see the other two); weights may stand
  /// in other files of its folder. Every error names the file.
  public static func model(
    contentsOf url: URL, facts: StateDictImport? = nil
  ) throws(ONNXError) -> DenseModel {
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw .unreadable(path: url.path, reason: FileFault.reading(url.path))
    }
    let folder = ModelFolder(ofFileAt: url.path)
    do throws(ONNXError) {
      guard let facts else { return try model(data: data, folder: folder) }
      return try model(data: data, facts: facts, folder: folder)
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
  /// fit. `folder` is where weights in other files are looked for; nil reads none.
  public static func model(
    data: Data, labels: [String]? = nil, preprocessing: Preprocessing? = nil,
    architecture: String? = nil, dataset: String? = nil, folder: ModelFolder? = nil
  ) throws(ONNXError) -> DenseModel {
    let parsed = try ParsedModel(data, image: preprocessing?.shape, folder: folder)
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
  /// metadata, and that over the data set, unless another program wrote labels that are not the data
  /// set's. How images are normalised must follow from one of them, as for state dicts.
  public static func model(
    data: Data, facts: StateDictImport, folder: ModelFolder? = nil
  ) throws(ONNXError) -> DenseModel {
    let parsed = try ParsedModel(data, image: facts.input ?? facts.source?.image, folder: folder)
    var labels = facts.labels ?? parsed.labels
    if facts.labels == nil, let names = facts.source?.classes, names.count == parsed.classes,
      labels == nil || parsed.metadata.isForeign && Set(labels ?? []) != Set(names)
    {
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
  let metadata: ONNXMetadata
  /// Scores of one image.
  let classes: Int
  /// From metadata.
  let labels: [String]?
  /// From metadata.
  let preprocessing: Preprocessing?

  /// `image` is the shape where the file leaves it open.
  init(_ data: Data, image: ActivationShape?, folder: ModelFolder?) throws(ONNXError) {
    let file: ONNXModel
    do {
      file = try ONNXModel(serializedBytes: data)
    } catch {
      if let kind = ForeignFile(start: [UInt8](data.prefix(ForeignFile.sample))), kind != .onnx {
        throw .model(.foreignFile(kind))
      }
      throw .malformed(reason: "\(error)")
    }
    guard file.hasGraph else { throw .missingGraph }
    let opset = file.opsetImport.first { ["", "ai.onnx"].contains($0.domain) }?.version
    guard let opset, ONNXImport.opsets.contains(opset) else { throw .unsupportedOpset(opset) }
    let metadata = ONNXMetadata(
      file.metadataProps, isForeign: file.producerName != ONNXExport.producer)
    let labels = try metadata.decoded(.labels, as: [String].self)
    preprocessing = try metadata.decoded(.preprocessing, as: Preprocessing.self)
    var importer = Importer(
      opset: opset, fileSize: data.count, folder: folder)
    let graph = try importer.run(file.graph, image: image ?? preprocessing?.shape)
    let classes = try ONNXError.wrapping { try graph.shapes()[graph.output]?.count ?? 0 }
    guard classes <= Self.largestClassCount else {
      throw .unsupportedOutput(reason: "\(classes) classes are too many")
    }
    let origin = Origin(
      importedFrom: "onnx", producer: file.producerName, producerVersion: file.producerVersion,
      opset: opset, leftOut: importer.droppedOperators)
    training = try ONNXError.wrapping {
      try metadata[.training] ?? CanonicalJSON.text(origin)
    }
    self.labels = metadata.isForeign && labels?.count != classes ? nil : labels
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
