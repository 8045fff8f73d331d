import GRDB
import Store

/// Tells of every transaction that was committed through the store.
final class CommitObserver: TransactionObserver, Sendable {
  private let committed: @Sendable () -> Void

  init(_ committed: @escaping @Sendable () -> Void) { self.committed = committed }

  /// False: SQLite does not report single changes of tables without rowids
  /// (https://www.sqlite.org/c3ref/update_hook.html), such as the log of jobs.
  func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { false }
  func databaseDidChange(with event: DatabaseEvent) {}
  func databaseDidCommit(_ db: Database) { committed() }
  func databaseDidRollback(_ db: Database) {}
}

extension SQLiteStore {
  /// Calls `body` after every transaction that this store commits, as long as it lives. The call
  /// comes from inside the writer: it must be quick and must not use the store.
  public func onCommit(_ body: @escaping @Sendable () -> Void) {
    connections.observe(CommitObserver(body))
  }
}
