/// What a check hands to whoever knows what its documents mean.
public enum CheckedRecord: Sendable {
  /// A job with its profile, recipe and estimate.
  case job(JobRecord)
  /// A model with its card.
  case model(ModelRecord)
  /// A data set with its counts.
  case dataset(DatasetRecord)
}

/// What keeps a store in order.
public protocol MaintainedStore: Sendable {
  /// Whether other servers and workers may use the database at the same time. Where they do not, whoever
  /// held a lease before this process is dead, see ``JobQueue/recoverAll()``.
  var isShared: Bool { get }

  /// Reads everything: the schema, every reference, row and blob. Others can work meanwhile.
  /// - Parameter examine: Throws for a document that is none of its kind.
  func check(_ examine: (CheckedRecord) throws -> Void) throws -> StoreReport

  /// Lets go of the database. Calls that come later throw.
  /// - Throws: ``StoreError/locked(path:)`` while calls are under way; then it is still open.
  func close() throws
}
