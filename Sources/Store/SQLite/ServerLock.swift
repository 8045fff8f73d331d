import Foundation
import Synchronization

/// Held by the one server that runs a database's jobs; other programs may use the file meanwhile.
///
/// flock(2) on the database file: SQLite's own locks are of another kind and do not mind, and the
/// kernel lets go of it when the process dies, however it dies.
public final class ServerLock: Sendable {
  private let descriptor: Mutex<Int32?>

  /// Takes the lock, or throws ``StoreError/served(path:)`` when a server has it.
  public init(of store: SQLiteStore) throws {
    let descriptor = open(store.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw StoreError.cannotOpen(path: store.path, reason: String(cString: strerror(errno)))
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let reason = errno
      close(descriptor)
      if reason == EWOULDBLOCK { throw StoreError.served(path: store.path) }
      throw StoreError.cannotOpen(path: store.path, reason: String(cString: strerror(reason)))
    }
    self.descriptor = Mutex(descriptor)
  }

  deinit { release() }

  /// Lets another server have the database. Not before the store is closed: closing any descriptor of
  /// a file gives up all of the process's POSIX locks on it
  /// (<https://www.sqlite.org/howtocorrupt.html>, 2.2).
  public func release() {
    descriptor.withLock { descriptor in
      if let descriptor { close(descriptor) }
      descriptor = nil
    }
  }
}
