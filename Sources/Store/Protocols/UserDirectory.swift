/// Users and what they care about. A user exists from the first request on.
public protocol UserDirectory: Sendable {
  /// - Throws: ``StoreError/notFound(_:_:)``.
  func user(_ id: UserID) throws -> UserRecord

  /// Versions of the user's profile, newest first; the store keeps ``UserRecord/historyLimit`` of them, and of those
  /// the newest with no more than ``UserRecord/historyByteLimit`` together, but always the last.
  /// - Throws: ``StoreError/notFound(_:_:)``.
  func profiles(of id: UserID) throws -> [ProfileRecord]

  /// Bytes that the user's models with all their files and the checkpoints of the user's open jobs
  /// take, those of the versions of the user's profile, and for every job that the user asked for 16 KiB
  /// and what was asked. Nothing is divided among users who share.
  func storedBytes(of id: UserID) throws -> Int64

  /// Forgets a user in one transaction: profile, history, idempotency keys, tokens and links;
  /// cancels jobs nobody else waits for, deletes models no other user has. A job that others wait
  /// for goes over to whoever asked next. Finished jobs stay, without a name on them, as long as their
  /// events are kept.
  /// - Throws: ``StoreError/notFound(_:_:)``.
  @discardableResult
  func deleteUser(_ id: UserID) throws -> UserDeletion

  /// Overwrites what deletions may have left of users' text where no query finds it.
  /// - Returns: Whether nothing is left; false when others' reading kept some of it from going.
  func eraseRemains() throws -> Bool
}
