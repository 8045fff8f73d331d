import GRDB

/// The database as any SQLite shell sees it, beside a server that uses it.
struct RawSQL {
  private let path: String

  init(_ path: String) { self.path = path }

  /// Runs statements in one transaction.
  func execute(_ sql: String) throws {
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    try DatabaseQueue(path: path, configuration: configuration).write { db in
      try db.execute(sql: sql)
    }
  }
}
