import Foundation
import SQLiteStore
import Store
import TestSupport
import Testing

@Suite struct RestoreTests {
  let folder: TemporaryFolder
  let path: String
  let backup: String
  static let now = Date(timeIntervalSince1970: 1_800_000_000)
  var replaced: String { path + ".replaced-20270115T080000Z" }

  /// A small backup, and a database that grew since and whose server died, with pages in its log that the
  /// backup does not have.
  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("crisp.sqlite")
    backup = folder.file("backup.sqlite")
    let living = folder.file("living.sqlite")
    let store = try SQLiteStore(path: living)
    _ = try store.put(Data("in the backup".utf8))
    try store.backup(to: backup)
    for number in 0..<40 { _ = try store.put(Data(repeating: UInt8(number), count: 1 << 20)) }
    try store.close()
    let again = try SQLiteStore(path: living)
    _ = try again.put(Data("in the log".utf8))
    for suffix in ["", "-wal"] {
      try FileManager.default.copyItem(atPath: living + suffix, toPath: path + suffix)
    }
    try again.close()
  }

  private func names() throws -> Set<String> {
    Set(
      try FileManager.default.contentsOfDirectory(atPath: folder.path)
        .filter { !$0.hasPrefix("living") })
  }

  private func blobs(_ path: String) throws -> Int {
    let store = try SQLiteStore(path: path, access: .reading)
    #expect(try store.check().isHealthy)
    return try store.statistics().blobs
  }

  @Test func theOldDatabaseIsKeptWithItsLog() throws {
    #expect(try SQLiteStore.restore(backup, to: path, now: Self.now) == replaced)
    let base = URL(fileURLWithPath: replaced).lastPathComponent
    #expect(try names() == ["crisp.sqlite", "backup.sqlite", base, base + "-wal"])
    #expect(try blobs(path) == 1)
    #expect(try blobs(replaced) == 42)
    #expect(try SQLiteStore(path: path).put(Data("x".utf8)).size == 1)
  }

  @Test func aLogWithoutItsDatabaseIsSetAside() throws {
    try folder.remove("crisp.sqlite")
    #expect(try SQLiteStore.restore(backup, to: path, now: Self.now) == replaced)
    #expect(try blobs(path) == 1)
  }

  @Test func anEmptyPlaceIsFilled() throws {
    #expect(try SQLiteStore.restore(backup, to: folder.file("new.sqlite")) == nil)
    #expect(try blobs(folder.file("new.sqlite")) == 1)
  }

  @Test func notWhileAServerRuns() throws {
    let lock = try ServerLock(path: path, creating: false)
    let before = try ReleasedSchema.files(in: folder)
    #expect(throws: StoreError.served(path: path)) { try SQLiteStore.restore(backup, to: path) }
    #expect(try ReleasedSchema.files(in: folder) == before)
    lock.release()
  }

  @Test func aDamagedBackupIsRefused() throws {
    try RawDatabase(path: backup).execute("UPDATE blob_chunks SET bytes = randomblob(5)")
    let error = #expect(throws: StoreError.self) { try SQLiteStore.restore(backup, to: path) }
    #expect(error?.code == "backup_damaged")
    #expect(try blobs(path) == 42)
    #expect(throws: StoreError.self) { try SQLiteStore.restore(path, to: path) }
    #expect(throws: StoreError.self) { try SQLiteStore.restore(folder.file("none"), to: path) }
    #expect(
      try names() == ["crisp.sqlite", "crisp.sqlite-wal", "crisp.sqlite-shm", "backup.sqlite"])
  }

  @Test func aBackupMovedBesideAnOldLogIsTold() throws {
    let good = try Data(contentsOf: URL(fileURLWithPath: backup))
    try SQLiteStore.examineLog(ServerLock(path: path, creating: false))
    #expect(!SQLiteStore.hasForeignLog(at: path))
    try folder.remove("crisp.sqlite")
    try FileManager.default.moveItem(atPath: backup, toPath: path)
    let lock = try ServerLock(path: path, creating: false)
    #expect(throws: StoreError.foreignLog(path: path)) { try SQLiteStore.examineLog(lock) }
    #expect(!SQLiteStore.hasForeignLog(at: path), "a server runs")
    lock.release()
    #expect(SQLiteStore.hasForeignLog(at: path))
    // Looking has not mixed the log into the backup, and what the sentence asks for helps.
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == good)
    let moved = folder.file("moved.sqlite")
    try FileManager.default.moveItem(atPath: path, toPath: moved)
    #expect(try SQLiteStore.restore(moved, to: path) != nil)
    #expect(try blobs(path) == 1)
  }

  @Test func aBackupDoesNotReplaceWhatWasMadeMeanwhile() throws {
    let store = try SQLiteStore(path: backup, access: .reading)
    // Everything up to the last step sees a free name: a link that leads nowhere yet.
    let target = folder.file("target.sqlite")
    try FileManager.default.createSymbolicLink(
      atPath: target, withDestinationPath: folder.file("later"))
    #expect(throws: StoreError.nameTaken(.file, target)) { try store.backup(to: target) }
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: target) == folder.file("later"))
    #expect(try names().allSatisfy { !$0.contains("partial") })
  }
}
