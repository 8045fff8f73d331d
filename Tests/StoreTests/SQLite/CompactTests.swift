import Foundation
import GRDB
import SQLiteStore
import Store
import TestSupport
import Testing

/// Space that is given back to the file system.
@Suite struct CompactTests {
  private func size(_ path: String) throws -> Int {
    try #require(
      try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
  }

  @Test func whatWasRemovedIsGivenBackBesideAServer() throws {
    let file = try StoreInFile()
    let lock = try ServerLock(path: file.store.path, creating: false)
    defer { lock.release() }
    let kept = try file.store.put(Data(repeating: 7, count: 3 << 20))
    _ = try file.store.put(Data(repeating: 9, count: 9 << 20))
    let last = try file.store.put(Data(repeating: 8, count: 1 << 20))
    let model = try file.fixture.publishedModel("ann", "bags")
    _ = try file.store.addBaseModel(Fixture.baseModel(name: "kept", blob: kept.digest))
    _ = try file.store.addBaseModel(Fixture.baseModel(name: "last", blob: last.digest))
    file.fixture.clock.advance(10)
    #expect(try file.store.collectGarbage(olderThan: 5).count == 1)
    let beside = try SQLiteStore(path: file.store.path)
    let (before, after) = try beside.compact()
    #expect(before - after >= 9 << 20)
    #expect(try Int64(size(file.store.path)) == after)
    #expect(try file.store.fileStatistics()?.freePages == 0)
    #expect(try file.store.check(kept.digest) && file.store.check(last.digest))
    #expect(try file.store.model(model.id) == model)
    #expect(try file.store.check { _ in }.isHealthy)
    // Nothing to give back is nothing to do.
    let again = try beside.compact()
    #expect(again.before == again.after)
  }

  /// Files of earlier versions have no account of who refers to a page.
  @Test func anOlderFileIsWrittenAnewWhileNoServerRuns() throws {
    let old = try ReleasedSchema(1)
    let lock = try ServerLock(path: old.path, creating: false)
    _ = try SQLiteStore.migrate(lock, keepingCopy: false)
    let store = try SQLiteStore(path: old.path)
    let digest = try #require(try store.baseModels().first?.record.blob)
    _ = try store.put(Data(repeating: 9, count: 9 << 20))
    #expect(throws: StoreError.served(path: old.path)) { try store.compact() }
    lock.release()
    _ = try store.collectGarbage(olderThan: 0)
    let (before, after) = try store.compact()
    #expect(before - after >= 9 << 20)
    #expect(try store.check(digest) && store.check { _ in }.isHealthy)
    let server = try ServerLock(path: old.path, creating: false)
    defer { server.release() }
    _ = try store.compact()
  }
}
