import Foundation
import SQLiteStore
import Store
import TestSupport
import Testing

/// SQLite's locks on a file outlive whatever else this process does with it
/// (https://www.sqlite.org/howtocorrupt.html, 2.2).
@Suite struct HeldFileTests {
  let folder: TemporaryFolder
  let path: String
  let store: SQLiteStore

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("crisp.sqlite")
    store = try SQLiteStore(path: path)
    _ = try store.statistics()
  }

  /// Whether this process has POSIX locks on the database file, as /proc/locks tells.
  private func isLocked() throws -> Bool {
    var status = stat()
    try #require(stat(path, &status) == 0)
    return try String(contentsOfFile: "/proc/locks", encoding: .utf8).split(separator: "\n")
      .contains { line in
        let fields = line.split(separator: " ")
        return fields.contains("POSIX") && fields.contains("\(getpid())")
          && fields.contains { $0.hasSuffix(":\(status.st_ino)") }
      }
  }

  @Test func locksOutliveASecondStore() throws {
    try #require(try isLocked())
    try SQLiteStore(path: path).close()
    #expect(try isLocked())
    try SQLiteStore(path: path, access: .reading).close()
    #expect(try isLocked())
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link.sqlite"), withDestinationPath: path)
    try SQLiteStore(path: folder.file("link.sqlite")).close()
    #expect(try isLocked())
  }

  @Test func locksOutliveTheServerLock() throws {
    let lock = try ServerLock(path: path, creating: false)
    #expect(throws: StoreError.served(path: path)) { try ServerLock(path: path, creating: false) }
    #expect(try isLocked())
    #expect(try SQLiteStore.migrate(lock) == nil)
    lock.release()
    #expect(try isLocked())
    try ServerLock(path: path, creating: false).release()
    #expect(try isLocked())
    try store.backup(to: folder.file("copy.sqlite"))
    #expect(try isLocked())
    #expect(throws: StoreError.self) { try store.backup(to: path) }
    #expect(try isLocked())
    try store.close()
    #expect(try !isLocked())
  }

  @Test func closingTidiesUpAndMayBeRepeated() throws {
    _ = try store.put(Data("x".utf8))
    try store.close()
    try store.close()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["crisp.sqlite"])
  }

  @Test func theLockStaysWhileAStoreIsOpen() throws {
    var lock: ServerLock? = try ServerLock(path: path, creating: false)
    withExtendedLifetime(lock) {}
    lock = nil
    #expect(throws: StoreError.served(path: path)) { try ServerLock(path: path, creating: false) }
    try store.close()
    try ServerLock(path: path, creating: false).release()
  }
}
