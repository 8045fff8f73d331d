import CEmbeddedModel
import Datasets
import Foundation
import JobContract
import Logging
import ModelFormats
import ModelInputs
import NeuralGraph
import ONNXModels
import Pruning
import Store

/// Adds data sets and universal models to a store: what an operator does once.
public struct Registration {
  private let store: any CompleteStore
  private let inputs: JobInputs

  /// A registration into that store.
  public init(store: any CompleteStore) { self.init(store: store, cache: nil) }

  /// The same, with what keeps fetched data sets on this machine.
  init(store: any CompleteStore, cache: (any InputCache)?) {
    self.store = store
    inputs = JobInputs(store: store, cache: cache)
  }

  /// Registers a data set by path; every file of it is read. The format is told by the content
  /// unless it is given; `labels` is a file of class names, see `LabelsFile`. Doing it again with
  /// the same files changes nothing; other files under the same name are refused.
  @discardableResult
  public func addDataset(
    name: String, path: String, format: DatasetFormat? = nil, labels: String? = nil
  ) throws -> DatasetRecord {
    let (dataset, found) = try dataset(name: name, path: path, format: format, labels: labels)
    return try addDataset(dataset, path: path, format: found)
  }

  /// A data set as it would be registered, and its format.
  func dataset(name: String, path: String, format: DatasetFormat?, labels: String?) throws
    -> (ImageDataset, DatasetFormat)
  {
    let found = format ?? DatasetFormat.found(at: path)
    let dataset = try DatasetCatalog.load(
      path: path, name: name, format: found, classes: labels.map { .file($0) } ?? .found)
    return (dataset, found ?? .idx)
  }

  /// Says that a data set's files are at another path now, after reading all of them there: the content has
  /// to be the same.
  @discardableResult
  public func moveDataset(name: String, to path: String) throws -> DatasetRecord {
    var record = try store.dataset(name).record
    record.path = Self.absolute(path)
    let moved = try record.load()
    guard try moved.digest == record.digest else {
      throw ServiceError.otherContent(dataset: name, path: record.path)
    }
    record.fingerprint = moved.fingerprint
    return try store.moveDataset(record).record
  }

  private static func absolute(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.path
  }

  func addDataset(_ dataset: ImageDataset, path: String, format: DatasetFormat) throws
    -> DatasetRecord
  {
    let counts = Dictionary(
      uniqueKeysWithValues: Split.allCases.map { ($0.rawValue, dataset.counts($0)) })
    let absolute = Self.absolute(path)
    let record = DatasetRecord(
      name: dataset.name, path: absolute, format: format.rawValue, digest: try dataset.digest,
      classes: dataset.classes, counts: try CanonicalJSON.data(counts),
      fingerprint: dataset.fingerprint)
    return store.keepsDatasets
      ? try StoredDataset.register(record, in: store) : try store.addDataset(record).record
  }

  /// Registers a dense model, a state dict of PyTorch's or an ONNX file (told by its content or extension) for a
  /// registered data set. Every label must be a class of it; what has no labels must have as many
  /// scores as the data set has classes. `source` is what errors call the bytes; `folder` is where
  /// weights may stand in other files; `architecture` goes into the record
  /// and, of a state dict that fits several, picks one.
  @discardableResult
  public func addBaseModel(
    name: String, file: Data, source: String, folder: ModelFolder? = nil, dataset: String,
    architecture: String? = nil
  ) throws -> BaseModelRecord {
    try store.addBaseModel(
      record(
        name: name, file: file, source: source, folder: folder, dataset: dataset,
        architecture: architecture)
    ).record
  }

  /// Puts another file in the place of a base model, for its data set.
  @discardableResult
  public func replaceBaseModel(
    name: String, file: Data, source: String, folder: ModelFolder? = nil,
    architecture: String? = nil
  ) throws -> BaseModelRecord {
    try store.replaceBaseModel(
      record(
        name: name, file: file, source: source, folder: folder,
        dataset: store.baseModel(name).record.dataset, architecture: architecture)
    ).record
  }

  /// A base model as it would be registered, whose file is stored.
  private func record(
    name: String, file: Data, source: String, folder: ModelFolder?, dataset: String,
    architecture: String?
  ) throws -> BaseModelRecord {
    let data = try store.dataset(dataset).record
    let (model, file) = try denseModel(
      file, source: source, folder: folder, dataset: data, architecture: architecture)
    for label in model.description.labels where !data.classes.contains(label) {
      throw ServiceError.labelMismatch(model: name, missing: label, dataset: dataset)
    }
    // Else every job would fail that asks for some of its classes.
    guard model.description.graph.classifier != nil else {
      throw PruningError.noClassifier(output: model.description.graph.output)
    }
    let blob = try store.put(file)
    let learned = model.description.graph.parameters().filter(\.role.isLearned)
    return BaseModelRecord(
      name: name, architecture: architecture ?? model.description.architecture ?? "custom",
      blob: blob.digest, dataset: dataset, labels: model.description.labels,
      digest: blob.digest,
      parameterCount: Int64(learned.compactMap { Tensor.count(of: $0.shape) }.reduce(0, +)),
      metadata: Data((model.training ?? "{}").utf8))
  }

  /// The model in those bytes, and the bytes to keep: a state dict or an ONNX file is kept as the
  /// dense model it becomes.
  private func denseModel(
    _ file: Data, source: String, folder: ModelFolder?, dataset: DatasetRecord,
    architecture: String?
  ) throws -> (DenseModel, Data) {
    do {
      var facts = StateDictImport()
      let model: DenseModel
      if ONNXImport.isONNX(start: [UInt8](file.prefix(ForeignFile.sample)), named: source) {
        facts.source = try self.source(dataset)
        model = try ONNXImport.model(data: file, facts: facts, folder: folder)
      } else {
        guard let dict = try stateDict(file, folder: folder) else {
          return (try DenseModel(data: file), file)
        }
        facts.architecture = try architecture.map { try Architecture(named: $0) }
        facts.source = try self.source(dataset)
        model = try facts.model(dict)
      }
      return (model, try model.serialized())
    } catch let error as FormatError {
      throw FormatError.inFile(path: source, error)
    } catch let error as ONNXError {
      throw ONNXError.inFile(path: source, error)
    }
  }

  /// Nil for a model of this project.
  private func stateDict(_ file: Data, folder: ModelFolder?) throws -> StateDict? {
    if let folder,
      ForeignFile(start: [UInt8](file.prefix(ForeignFile.sample))) == .shardIndex
    {
      return try StateDict(ShardIndex([UInt8](file)), in: folder)
    }
    let tensors = try SafetensorsFile(data: file)
    return StateDict.matches(tensors) ? try StateDict(tensors) : nil
  }

  private func source(_ dataset: DatasetRecord) throws -> StateDictImport.Source {
    StateDictImport.Source(try inputs.dataset(dataset))
  }

  /// On a database without base models, registers the one that comes with the server and its data
  /// set, so that a fresh server has something to do. Where that data set is missing there is a warning
  /// and nothing else: a server is useful with other models too, which may be registered while it runs.
  /// - Parameter path: where the data set is: Fashion-MNIST, whose classes the model knows.
  public func addEmbeddedDefault(from path: String, logger: Logger) throws {
    guard try store.baseModels().isEmpty else { return }
    let known = DatasetCatalog.fashionMNIST
    let dataset: ImageDataset
    do {
      dataset = try DatasetCatalog.load(
        path: path, name: known.name, format: .idx, classes: .given(known.classes))
    } catch {
      logger.warning(
        """
        there is no base model, so that nobody can ask for a tailored one: \
        \(EmbeddedModel.missingHint)
        """, metadata: ["code": "\(error.code)", "error": "\(error)"])
      return
    }
    _ = try addDataset(dataset, path: path, format: .idx)
    let bytes = UnsafeRawBufferPointer(
      start: crisp_embedded_model(), count: crisp_embedded_model_size())
    let record = try addBaseModel(
      name: EmbeddedModel.name, file: Data(bytes), source: "the embedded model",
      dataset: known.name)
    logger.info(
      "registered the embedded default",
      metadata: [
        "base_model": "\(record.name)", "parameters": "\(record.parameterCount)",
        "dataset": "\(known.name)",
      ])
  }
}
