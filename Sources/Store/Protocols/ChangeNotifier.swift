/// Tells that something may have changed, so that whoever waits for a change need not ask all the time.
public protocol ChangeNotifier: Sendable {
  /// Calls `body` after every transaction that this store commits, as long as the store lives, and now
  /// and then for what others may have committed to the same database. That a call came promises no
  /// change; that none came promises that this store has committed nothing.
  ///
  /// The call may come from inside a transaction: it must be quick and must not use the store.
  func onCommit(_ body: @escaping @Sendable () -> Void)
}
