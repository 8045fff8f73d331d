import ModelFormats
import Store

// What handlers ask of rooms that they do not know; the program joins them.

/// Those who run jobs.
package protocol JobDispatch: Sendable {
  /// There may be a job to claim.
  func wake()
  /// The cancellation of a job was requested.
  func cancel(_ id: JobID)
}

/// Whoever overwrites what deleted users left in the database file.
package protocol RemainsEraser: Sendable {
  /// A user was deleted.
  func eraseSoon()
}

/// Where base models are kept decoded.
package protocol UniversalModels: Sendable {
  /// The dense model behind a record. Throws `StoreError` or `FormatError`.
  func model(_ record: BaseModelRecord) throws -> DenseModel
}
