import Foundation
import Store
import Synchronization

/// Held by the one server that runs a database's jobs, and by what replaces or migrates the file; other
/// programs may use the file meanwhile. Taken before a store opens the file, let go after it is closed.
public final class ServerLock: Sendable {
  /// The absolute path of the database file.
  public let path: String
  private let file: HeldFile
  private let isHeld = Mutex(true)

  /// Takes the lock.
  /// - Parameter creating: Whether a file that is not there is made, else an error.
  /// - Throws: ``StoreError/served(path:)`` when a server has it, and what opening a store throws.
  public init(path: String, creating: Bool) throws {
    let path = SQLiteStore.absolute(path)
    try DatabaseFile.requireFolder(of: path)
    file = try HeldFile(path: path, creating: creating)
    self.path = path
    let reason = file.serve()
    guard reason == 0 else {
      file.release()
      if reason == EWOULDBLOCK { throw StoreError.served(path: path) }
      throw StoreError.cannotOpen(path: path, reason: String(cString: strerror(reason)))
    }
  }

  // Without unlocking: where a store is still open, the lock stays until that is closed too.
  deinit { letGo(unlocking: false) }

  /// Lets another server have the database: not before the store was closed without an error.
  public func release() { letGo(unlocking: true) }

  private func letGo(unlocking: Bool) {
    let wasHeld = isHeld.withLock { isHeld in
      defer { isHeld = false }
      return isHeld
    }
    guard wasHeld else { return }
    if unlocking { file.endServing() }
    file.release()
  }
}
