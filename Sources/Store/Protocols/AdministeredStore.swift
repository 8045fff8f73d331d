import Digests
import Foundation

/// What operators do with a store from day to day, servers running or not.
public protocol AdministeredStore: Sendable {
  // MARK: The queue

  /// Since when no worker may take a job; nil while they may.
  func queuePaused() throws -> Date?

  /// Keeps the workers of all servers from taking jobs, or lets them again. Requests are accepted meanwhile,
  /// and jobs that run go on; one whose worker dies waits.
  /// - Returns: Whether that is new.
  @discardableResult
  func setQueuePaused(_ isPaused: Bool) throws -> Bool

  /// The time by which leases run out: the database's, where many share it.
  func currentTime() throws -> Date

  // MARK: Users and what they take

  /// Users in the order of their ids, those after `after`.
  /// - Throws: ``StoreError/invalidValue(field:reason:)`` unless `limit` is 1 to 1000 and the filter's age
  ///   zero to a century.
  func users(_ filter: UserFilter, after: UserID?, limit: Int) throws -> Page<UserSummary>

  /// Models of the user, `limit` at most, that nobody asked for, downloaded or predicted with for more than
  /// `age` seconds; those that the user got first come first. With `after` those behind that model of the user.
  /// - Throws: ``StoreError/invalidValue(field:reason:)`` unless `limit` is 1 to 1000.
  func models(
    of user: UserID, unusedFor age: TimeInterval, after: ModelID?, limit: Int
  ) throws -> [UnusedModel]

  /// Takes a model from a user: others who have it keep it, and with the last one's it is deleted, with the
  /// job that made it. Without a user it is deleted for everyone.
  /// - Returns: Whether the model is gone.
  /// - Throws: ``StoreError/notFound(_:_:)`` when there is no such model or the user does not have it.
  @discardableResult
  func removeModel(_ id: ModelID, from user: UserID?) throws -> Bool

  /// What takes the most bytes, first.
  /// - Throws: ``StoreError/invalidValue(field:reason:)`` unless `limit` is 1 to 1000.
  func diskUse(by owner: DiskOwner, limit: Int) throws -> [DiskUse]

  /// What the bytes that are stored belong to.
  func storedSizes() throws -> StoredSizes

  // MARK: What is registered

  /// Says that a data set's files are at another path now; the caller has read them. Nothing else of it but
  /// its fingerprint may differ.
  /// - Throws: ``StoreError/notFound(_:_:)``, ``StoreError/nameTaken(_:_:)``,
  ///   ``StoreError/invalidValue(field:reason:)``.
  @discardableResult
  func moveDataset(_ dataset: DatasetRecord) throws -> Registered<DatasetRecord>

  /// Forgets a data set; its files stay.
  /// - Throws: ``StoreError/notFound(_:_:)``; ``StoreError/inUse(_:_:by:)`` while base models need it.
  func removeDataset(_ name: String) throws

  /// Puts another file in the place of a base model. Models that were made of the old one stay.
  /// - Throws: ``StoreError/notFound(_:_:)`` for the model or the blob; ``StoreError/nameTaken(_:_:)`` when
  ///   it is of another data set; ``StoreError/inUse(_:_:by:)`` while jobs wait or run that were asked for
  ///   with the old one; ``StoreError/invalidValue(field:reason:)``.
  @discardableResult
  func replaceBaseModel(_ model: BaseModelRecord) throws -> Registered<BaseModelRecord>

  /// Forgets a base model, with what is left of it when no job and no model needs it: finished jobs without a
  /// model, versions of profiles, speeds.
  /// - Parameter withModels: Whether the models that were made of it go too, whoever has them, with the jobs
  ///   that made them.
  /// - Returns: How many of those there were.
  /// - Throws: ``StoreError/notFound(_:_:)``; ``StoreError/inUse(_:_:by:)`` while jobs wait or run that need
  ///   it, while there are models that were made of it, and where it is the default and there are others.
  @discardableResult
  func removeBaseModel(_ name: String, withModels: Bool) throws -> Int
}
