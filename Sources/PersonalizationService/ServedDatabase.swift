import Logging
import SQLiteStore
import Store

/// The database that a server works on, opened for it, with its schema up to date.
struct ServedDatabase: Sendable {
  let store: any CompleteStore
  /// What keeps other servers off a file.
  private let lock: ServerLock?

  /// Opens the file, which is this server's alone from here on; or the server's database, which others use
  /// too, and which nothing but `crisp-server migrate` changes the schema of.
  init(_ configuration: Service.Configuration, logger: Logger) throws {
    let path: String
    switch DatabaseAddress(configuration.database) {
    case .server(let uri):
      lock = nil
      store = try DatabaseAddress.openToServe(
        uri: uri, objects: configuration.objects, logger: logger)
      return
    case .file(let file):
      try DatabaseAddress.refuse(configuration.objects)
      path = file
    }
    // First: whoever runs the database now must not see it change.
    let lock = try ServerLock(path: path, creating: true)
    self.lock = lock
    do {
      try SQLiteStore.examineLog(lock)
      if let done = try SQLiteStore.migrate(lock, keepingCopy: configuration.keepsCopyWhenMigrating)
      {
        logger.notice(
          "migrated the database",
          metadata: [
            "from": "\(done.from)", "to": "\(done.to)", "copy": "\(done.copy ?? "none")",
          ])
      }
    } catch StoreError.diskFull {
      // Not even for looking. Opening tells whether the file can be served as it is.
    }
    store = try SQLiteStore(
      path: path, withoutRoom: true, onAccess: configuration.onStoreAccess)
  }

  /// Closes the store and lets another server have the database.
  /// - Throws: `StoreError.locked` while calls are under way; then both stay as they are.
  func close() throws {
    try store.close()
    lock?.release()
  }
}
