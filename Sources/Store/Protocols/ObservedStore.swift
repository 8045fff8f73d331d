/// Whether writing works, as far as is known.
public enum WriteCondition: Sendable {
  /// The last thing that was written found room.
  case writable
  /// There was no room for the last.
  case full
  /// The file at the path is another one than the one that is open, or none.
  case replaced
  /// The database did not answer the last call.
  case unreachable
}

/// What an operator asks of a store: where it is, how it is, how much it holds.
public protocol ObservedStore: Sendable {
  /// Where the database is, for people and logs: the path of a file, or an address without its password.
  var address: String { get }

  /// The version of the schema that this program reads and writes.
  var schemaVersion: Int { get }

  /// What the last call that wrote has found.
  var writing: WriteCondition { get }

  /// Calls `body` with every change of ``writing``, and at once when it is not writable; from any thread.
  func onCondition(_ body: @escaping @Sendable (WriteCondition) -> Void)

  /// Looks whether the database that was opened is still there.
  /// - Throws: ``StoreError/fileReplaced(path:)``, ``StoreError/unreachable(address:reason:)``.
  func requireDatabase() throws

  /// How it is with what keeps the bytes of blobs.
  var bytesCondition: BytesCondition { get }

  /// Looks whether those bytes can be had, where they are not in the database.
  /// - Throws: ``StoreError/bytesUnavailable(reason:)``.
  func requireBytes() throws

  /// Counts what the store holds.
  func statistics() throws -> StoreStatistics

  /// Sizes of the database and its log, for whoever watches the disk; `nil` where the disk is another
  /// machine's business.
  func fileStatistics() throws -> FileStatistics?
}

extension ObservedStore {
  /// In the database.
  public var bytesCondition: BytesCondition { .inDatabase }
  /// Never throws.
  public func requireBytes() throws {}
}
