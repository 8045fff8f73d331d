import Foundation
import GRDB
import Migrations
import SQLiteStore
import Store
import TestSupport
import Testing

/// Databases of every release under this program's commands.
@Suite struct MigrationTests {
  @Test(arguments: ReleasedSchema.versions)
  func readingChangesNothing(version: Int) throws {
    let old = try ReleasedSchema(version)
    let before = try old.files()
    #expect(before.keys.sorted() == ["crisp.sqlite"])

    let store = try SQLiteStore(path: old.path, access: .reading)
    let report = try store.check()
    #expect(report.isHealthy)
    #expect(report.blobsChecked == 2)
    #expect(report.bytesChecked == (1 << 20) + 14)
    #expect(try store.tokens().map(\.label) == ["old", "laptop"])
    let elsewhere = try TemporaryFolder()
    try store.backup(to: elsewhere.file("copy.sqlite"))
    let error = #expect(throws: StoreError.self) { try store.put(Data("x".utf8)) }
    #expect(error?.code == "database_not_writable")
    try store.close()

    #expect(try old.files() == before)
    #expect(try ReleasedSchema.files(in: elsewhere).keys.sorted() == ["copy.sqlite"])
    let copy = RawDatabase(path: elsewhere.file("copy.sqlite"))
    #expect(try copy.value("PRAGMA user_version", as: Int.self) == version)
    #expect(try copy.value("PRAGMA integrity_check", as: String.self) == "ok")
    #expect(try copy.value("SELECT count(*) FROM tokens", as: Int.self) == 2)
  }

  @Test(arguments: ReleasedSchema.versions.filter { $0 < migrations.count })
  func writingIsRefused(version: Int) throws {
    let old = try ReleasedSchema(version)
    let before = try old.files()
    let error = #expect(throws: StoreError.self) { try SQLiteStore(path: old.path) }
    #expect(
      error == .olderSchema(path: old.path, found: version, supported: migrations.count))
    #expect(error?.description.contains("crisp-server migrate --db \(old.path)") == true)
    #expect(try old.files() == before)
  }

  @Test(arguments: ReleasedSchema.versions.filter { $0 < migrations.count })
  func migratingKeepsACopyAndEverything(version: Int) throws {
    let old = try ReleasedSchema(version)
    let lock = try ServerLock(path: old.path, creating: false)
    let now = Date(timeIntervalSince1970: 1_800_000_000)
    let done = try SQLiteStore.migrate(lock, now: now)
    let next = migrations[version].identifier.prefix(4)
    let copy = "\(old.path).before-\(next)-20270115T080000Z"
    #expect(done == SQLiteStore.Migrated(from: version, to: migrations.count, copy: copy))
    #expect(try SQLiteStore.migrate(lock) == nil)

    let store = try SQLiteStore(path: old.path)
    #expect(try store.check().isHealthy)
    #expect(try store.tokens().count == 2)
    let users = try store.users(UserFilter(), after: nil, limit: 10).elements
    #expect(users.map(\.id.text) == ["ada", "bob"])
    // When they last asked is known.
    #expect(users.map(\.seenAt.timeIntervalSince1970) == [1, 2])
    #expect(try store.queuePaused() == nil)
    #expect(try store.claim(worker: "w", lease: 30)?.id.rawValue == "job_123456789abcdef012345678")
    #expect(
      try store.model(#require(ModelID(rawValue: "model_0123456789abcdef01234567"))).blob.size == 6)
    try store.close()
    #expect(
      try old.files().keys.sorted()
        == ["crisp.sqlite", URL(fileURLWithPath: copy).lastPathComponent])

    let raw = RawDatabase(path: copy)
    #expect(try raw.value("PRAGMA user_version", as: Int.self) == version)
    #expect(try SQLiteStore(path: copy, access: .reading).check().isHealthy)
    // The same as if it had been made now.
    let fresh = old.folder.file("fresh.sqlite")
    try SQLiteStore(path: fresh).close()
    #expect(try Self.schema(old.path) == Self.schema(fresh))
  }

  /// A released migration that is edited makes files that no release can read.
  @Test(arguments: ReleasedSchema.versions)
  func releasedMigrationsAreAsTheyWere(version: Int) throws {
    let old = try ReleasedSchema(version)
    let path = old.folder.file("again.sqlite")
    try SQLiteStore(path: path, schema: Array(migrations.prefix(version))).close()
    #expect(try Self.schema(path) == Self.schema(old.path))
  }

  @Test func migratingWithoutACopy() throws {
    let old = try ReleasedSchema(1)
    let lock = try ServerLock(path: old.path, creating: false)
    #expect(try SQLiteStore.migrate(lock, keepingCopy: false)?.copy == nil)
    #expect(try old.files().keys.sorted() == ["crisp.sqlite"])
  }

  @Test func aMigrationThatFailsChangesNothing() throws {
    let old = try ReleasedSchema(2)
    let before = try old.files()
    let lock = try ServerLock(path: old.path, creating: false)
    let bad = Migration(identifier: "m003_bad", sql: "DROP TABLE tokens; DROP TABLE nothing")
    #expect(throws: StoreError.self) {
      try SQLiteStore.migrate(
        lock, keepingCopy: false, schema: Array(migrations.prefix(2)) + [bad])
    }
    #expect(try RawDatabase(path: old.path).value("PRAGMA user_version", as: Int.self) == 2)
    #expect(try SQLiteStore(path: old.path, access: .reading).tokens().count == 2)
    #expect(try old.files()["crisp.sqlite"] == before["crisp.sqlite"])
  }

  @Test func newerIsRefusedByName() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("crisp.sqlite")
    try SQLiteStore(path: path).close()
    let count = migrations.count
    let older = Array(migrations.prefix(count - 1))
    let newer = StoreError.newerSchema(path: path, found: count, supported: count - 1)
    for access in [SQLiteStore.Access.reading, .writing] {
      #expect(throws: newer) { try SQLiteStore(path: path, access: access, schema: older) }
    }
    let lock = try ServerLock(path: path, creating: false)
    #expect(throws: newer) { try SQLiteStore.migrate(lock, schema: older) }
    #expect(
      newer.description.contains(
        "made by a newer version (schema \(count); this program knows \(count - 1))"))
  }

  @Test func commandsOfANewerVersionLeaveARunningServerAlone() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("crisp.sqlite")
    let lock = try ServerLock(path: path, creating: true)
    let clock = TestClock()
    let server = try SQLiteStore(path: path, clock: clock.store)
    let fixture = try Fixture(store: server, clock: clock, lifetime: folder)
    try fixture.submit("ada", "before")

    // What the next version's commands do.
    let next =
      migrations + [
        Migration(identifier: "m999_next", sql: "ALTER TABLE users RENAME COLUMN id TO name")
      ]
    let reader = try SQLiteStore(path: path, access: .reading, schema: next)
    #expect(try reader.check().isHealthy)
    #expect(try reader.tokens() == [])
    try reader.backup(to: folder.file("copy.sqlite"))
    try reader.close()
    #expect(
      throws: StoreError.olderSchema(
        path: path, found: migrations.count, supported: next.count)
    ) { try SQLiteStore(path: path, schema: next) }
    #expect(throws: StoreError.served(path: path)) { try ServerLock(path: path, creating: false) }

    try fixture.submit("bob", "after")
    #expect(try server.jobs(JobFilter(), after: nil, limit: 10).elements.count == 2)
    #expect(
      try RawDatabase(path: folder.file("copy.sqlite")).value("PRAGMA user_version", as: Int.self)
        == migrations.count)

    try server.close()
    lock.release()
    let again = try ServerLock(path: path, creating: false)
    #expect(try SQLiteStore.migrate(again, keepingCopy: false, schema: next)?.to == next.count)
  }

  @Test func whatAServerThatDiedLeftIsReadAndStays() throws {
    let folder = try TemporaryFolder()
    let store = try SQLiteStore(path: folder.file("crisp.sqlite"))
    let blob = try store.put(Data("only in the log".utf8))
    let crashed = try TemporaryFolder()
    for name in ["crisp.sqlite", "crisp.sqlite-wal"] {
      try FileManager.default.copyItem(atPath: folder.file(name), toPath: crashed.file(name))
    }
    let before = try ReleasedSchema.files(in: crashed)
    let reader = try SQLiteStore(path: crashed.file("crisp.sqlite"), access: .reading)
    #expect(try reader.check(blob.digest))
    try reader.close()
    let after = try ReleasedSchema.files(in: crashed)
    for (name, bytes) in before { #expect(after[name] == bytes, "\(name)") }
  }

  private static func schema(_ path: String) throws -> [String] {
    try DatabaseQueue(path: path).read { db in
      try String.fetchAll(
        db, sql: "SELECT type || name || coalesce(sql, '') FROM sqlite_master ORDER BY 1")
    }
  }
}
