import Foundation
import GRDB
import Migrations
import SQLiteStore
import Store
import TestSupport
import Testing

@Suite struct DatabaseFileTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("crisp.sqlite")
  }

  private func edit(_ sql: String) throws {
    try RawDatabase(path: path).execute(sql)
  }

  private func openingError() throws -> StoreError {
    try #require(throws: StoreError.self) { try SQLiteStore(path: path, busyTimeout: 0.05) }
  }

  @Test func newFileIsPrivateAndMarked() throws {
    let store = try SQLiteStore(path: path)
    _ = try store.put(Data("x".utf8))
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let attributes = try FileManager.default.attributesOfItem(atPath: folder.file(name))
      #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
    }
    let raw = RawDatabase(path: path)
    #expect(try raw.value("PRAGMA application_id", as: Int32.self) == SQLiteStore.applicationID)
    #expect(try raw.value("PRAGMA user_version", as: Int.self) == migrations.count)
    #expect(try raw.value("PRAGMA journal_mode", as: String.self) == "wal")
  }

  @Test func writerIsDurableAndChecksReferences() throws {
    let store = try SQLiteStore(path: path)
    // 2 is FULL (https://www.sqlite.org/pragma.html#pragma_synchronous).
    #expect(try store.setting("synchronous") == 2)
    #expect(try store.setting("foreign_keys") == 1)
    #expect(try store.setting("page_size") == 16384)
    #expect(try store.setting("wal_autocheckpoint") == 256)
  }

  @Test func contentOutlivesTheStore() throws {
    let blob = try SQLiteStore(path: path).put(Data("kept".utf8))
    let again = try SQLiteStore(path: path)
    #expect(try again.check(blob.digest))
    #expect(try again.statistics().blobs == 1)
  }

  @Test func oddNamesArePlainFiles() throws {
    let odd = folder.file("file:odd?mode=memory")
    _ = try SQLiteStore(path: odd).put(Data("x".utf8))
    #expect(FileManager.default.fileExists(atPath: odd))
  }

  @Test func closedStoreRefuses() throws {
    let store = try SQLiteStore(path: path)
    try store.close()
    #expect(throws: StoreError.self) { try store.statistics() }
  }

  @Test func missingFolder() throws {
    let path = folder.file("absent/crisp.sqlite")
    #expect(throws: StoreError.directoryMissing(path: path)) { try SQLiteStore(path: path) }
  }

  @Test func folderInPlaceOfTheFile() throws {
    #expect(throws: StoreError.notADatabase(path: folder.path)) {
      try SQLiteStore(path: folder.path)
    }
  }

  @Test func otherFileIsLeftAlone() throws {
    let text = Data(String(repeating: "not a database\n", count: 100).utf8)
    try text.write(to: URL(fileURLWithPath: path))
    #expect(try openingError() == .notADatabase(path: path))
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == text)
  }

  @Test func foreignApplicationIsLeftAlone() throws {
    try edit("PRAGMA application_id = 1196444487; CREATE TABLE layers (id INTEGER)")
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(try openingError() == .foreignDatabase(path: path, mark: "application_id 1196444487"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
  }

  @Test func unmarkedDatabaseWithTablesIsForeign() throws {
    try edit("CREATE TABLE notes (id INTEGER)")
    #expect(try openingError() == .foreignDatabase(path: path, mark: "application_id 0"))
  }

  @Test func newerSchemaIsRefused() throws {
    try SQLiteStore(path: path).close()
    try edit("PRAGMA user_version = 99")
    #expect(try openingError() == .newerSchema(path: path, found: 99, supported: migrations.count))
  }

  @Test func lockedByAnother() throws {
    try SQLiteStore(path: path).close()
    let other = try DatabaseQueue(path: path)
    try other.writeWithoutTransaction { db in
      // Leaving WAL takes the lock that no one else may have.
      try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
      #expect(try openingError() == .locked(path: path))
      try db.execute(sql: "COMMIT")
    }
  }

  // Even root may not create files in /sys, whatever the mode bits say.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/sys/kernel"), "there is no /sys"))
  func unwritableFolder() throws {
    let path = "/sys/kernel/crisp.sqlite"
    let error = #expect(throws: StoreError.self) { try SQLiteStore(path: path) }
    #expect(error?.code == "database_not_writable")
    #expect(error?.description.contains(path) == true)
  }

  @Test(.enabled(if: geteuid() != 0, "root writes everywhere"))
  func readOnlyFileAndFolder() throws {
    try SQLiteStore(path: path).close()
    chmod(path, 0o400)
    #expect(try openingError().code == "database_not_writable")
    chmod(path, 0o600)
    chmod(folder.path, 0o500)
    #expect(try openingError().code == "database_not_writable")
    chmod(folder.path, 0o700)
  }

  @Test func damagedSchemaIsReported() throws {
    try SQLiteStore(path: path).close()
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try file.seek(toOffset: 100)
    try file.write(contentsOf: Data(repeating: 0xff, count: 3000))
    try file.close()
    #expect(try openingError().code == "database_corrupt")
  }

  @Test func manyOpenANewFileAtOnce() throws {
    let path = path
    let errors = Collector<String>()
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      do {
        // However long the others take.
        _ = try SQLiteStore(path: path, busyTimeout: 600).put(Data("x".utf8))
      } catch {
        errors.append("\(error)")
      }
    }
    #expect(errors.values == [])
    #expect(try SQLiteStore(path: path).statistics().blobs == 1)
  }
}
