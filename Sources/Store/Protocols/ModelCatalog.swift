import Digests
import Foundation

/// What the operator registered and what jobs published.
public protocol ModelCatalog: Sendable {
  /// Registers a data set. Adding the same again changes nothing but its fingerprint.
  /// - Throws: ``StoreError/nameTaken(_:_:)`` when the name means something else,
  ///   ``StoreError/invalidValue(field:reason:)``.
  @discardableResult
  func addDataset(_ dataset: DatasetRecord) throws -> Registered<DatasetRecord>

  /// Whether data sets' files can be blobs of this store, which everyone reaches who has the store.
  var keepsDatasets: Bool { get }

  /// Registers a data set whose files are blobs: ``addDataset(_:)`` in the same transaction, also for one
  /// that was registered by its path before.
  /// - Parameters:
  ///   - dataset: With ``DatasetRecord/manifest``.
  ///   - pieces: The blobs that the manifest names.
  /// - Throws: as there; ``StoreError/notFound(_:_:)`` for a blob.
  @discardableResult
  func addDataset(_ dataset: DatasetRecord, pieces: [SHA256Digest]) throws -> Registered<
    DatasetRecord
  >

  /// - Throws: ``StoreError/notFound(_:_:)``.
  func dataset(_ name: String) throws -> Registered<DatasetRecord>

  /// All data sets by name.
  func datasets() throws -> [Registered<DatasetRecord>]

  /// Registers a base model whose file and data set are there. Adding the same again changes
  /// nothing. The first becomes the default.
  /// - Throws: ``StoreError/nameTaken(_:_:)``, ``StoreError/notFound(_:_:)`` for the blob or the
  ///   data set, ``StoreError/invalidValue(field:reason:)``.
  @discardableResult
  func addBaseModel(_ model: BaseModelRecord) throws -> Registered<BaseModelRecord>

  /// - Throws: ``StoreError/notFound(_:_:)``.
  func baseModel(_ name: String) throws -> Registered<BaseModelRecord>

  /// All base models by name.
  func baseModels() throws -> [Registered<BaseModelRecord>]

  /// The name of the base model of requests that name none: the first that was registered, unless
  /// another was chosen. Nil without any.
  func defaultBaseModel() throws -> String?

  /// Chooses that base model.
  /// - Throws: ``StoreError/notFound(_:_:)``.
  func setDefaultBaseModel(_ name: String) throws

  /// - Throws: ``StoreError/notFound(_:_:)``.
  func model(_ id: ModelID) throws -> ModelRecord

  /// The model that answers requests of this fingerprint, if there is one.
  func model(fingerprint: SHA256Digest) throws -> ModelRecord?

  /// Models, newest first, that are older than `after`. A user's models go by when the user got them.
  /// - Throws: ``StoreError/notFound(_:_:)`` when there is no model `after`,
  ///   ``StoreError/invalidValue(field:reason:)`` unless `limit` is 1 to 1000.
  func models(_ filter: ModelFilter, after: ModelID?, limit: Int) throws -> Page<ModelRecord>

  /// Adds a file to a published model, once: a file of that name that is there already stays.
  /// - Returns: The file that is there then.
  /// - Throws: ``StoreError/notFound(_:_:)`` for the model or the blob,
  ///   ``StoreError/invalidValue(field:reason:)``.
  @discardableResult
  func addFile(_ file: NewModelFile, to id: ModelID) throws -> ModelFileRecord

  /// Whether the user has the model.
  /// - Throws: ``StoreError/notFound(_:_:)`` when there is no such model.
  func hasModel(_ id: ModelID, user: UserID) throws -> Bool

  /// When the user got the model; nil when the user does not have it.
  /// - Throws: ``StoreError/notFound(_:_:)`` when there is no such model.
  func modelAdded(_ id: ModelID, to user: UserID) throws -> Date?

  /// Writes down that models were used now. What there is no longer is left out.
  func markUsed(_ ids: [ModelID]) throws

  /// Deletes models that nobody asked for, downloaded or predicted with for more than `age` seconds,
  /// and the jobs that made them.
  /// - Returns: The models.
  @discardableResult
  func expireModels(unusedFor age: TimeInterval) throws -> [ModelID]
}

extension ModelCatalog {
  /// They stay where they are.
  public var keepsDatasets: Bool { false }

  /// Refuses.
  public func addDataset(
    _ dataset: DatasetRecord, pieces: [SHA256Digest]
  ) throws -> Registered<DatasetRecord> {
    throw StoreError.invalidValue(field: "manifest", reason: "this database keeps no data sets")
  }
}
