import Foundation
import GRDB
import Migrations
import Store

extension SQLiteStore {
  /// The schema that this program reads and writes.
  public static let schemaVersion = migrations.count

  /// The same, of any store.
  public var schemaVersion: Int { Self.schemaVersion }

  /// What a migration did.
  public struct Migrated: Equatable, Sendable {
    /// The schema there was; 0 for an empty file.
    public let from: Int
    /// The schema there is.
    public let to: Int
    /// Where the database as it was is kept.
    public let copy: String?

    package init(from: Int, to: Int, copy: String?) {
      self.from = from
      self.to = to
      self.copy = copy
    }
  }

  /// Brings a database's schema up to date, all of it or nothing. The lock keeps servers of any version
  /// away meanwhile.
  /// - Parameters:
  ///   - keepingCopy: Whether to keep the database as it was, beside it.
  ///   - now: Names the copy.
  /// - Returns: Nil when there is nothing to do; an empty file gets its schema when it is opened.
  /// - Throws: ``StoreError``, ``StoreError/noRoomForCopy(path:bytes:)`` before anything is changed.
  public static func migrate(
    _ lock: ServerLock, keepingCopy: Bool = true, now: Date = Date()
  ) throws -> Migrated? {
    try migrate(lock, keepingCopy: keepingCopy, now: now, schema: migrations)
  }

  /// The same as a program would that has those migrations.
  package static func migrate(
    _ lock: ServerLock, keepingCopy: Bool = true, now: Date = Date(), schema: [Migration]
  ) throws -> Migrated? {
    let path = lock.path
    var kept: String?
    let file = DatabaseFile(path: path, busyTimeout: 10, schema: schema)
    let found = try file.migrate { database, version in
      guard keepingCopy else { return }
      let next = schema[version].identifier.prefix { $0 != "_" }
      let target = "\(path).before-\(next)-\(now.inFileNames)"
      do { try FileCopy.write(database, to: target) } catch StoreError.diskFull {
        let bytes = try database.read { db in
          try db.number("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        }
        throw StoreError.noRoomForCopy(path: path, bytes: bytes)
      }
      kept = target
    }
    guard found > 0, found < schema.count else { return nil }
    return Migrated(from: found, to: schema.count, copy: kept)
  }
}
