import Digests
import Foundation
import ObjectStore
import TestSupport
import Testing

/// Folders in the cache: filled once, whole or not at all, within the bound.
@Suite struct CachedFolderTests {
  private let temporary: TemporaryFolder
  private let folder: String
  private struct Waited: Error {}
  private struct Stopped: Error {}

  init() throws {
    temporary = try TemporaryFolder()
    folder = temporary.file("cache")
  }

  private func cache(_ capacity: Int64 = 4 << 20) throws -> BlobCache {
    try BlobCache(folder: folder, capacity: capacity)
  }

  /// A folder with a file of so many bytes, and whether it had to be filled.
  private func get(
    _ name: String, _ size: Int = 1 << 20, from cache: BlobCache
  ) throws -> (entry: BlobCache.Entry, isFilled: Bool) {
    var isFilled = false
    let entry = try cache.folder(
      SHA256.digest(of: Data(name.utf8)), size: Int64(size), wait: { throw Waited() }
    ) { path in
      isFilled = true
      #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
      try Data(name.utf8).write(to: URL(fileURLWithPath: "\(path)/file"))
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(entry.path)/file")) == Data(name.utf8))
    return (entry, isFilled)
  }

  @Test func itIsFilledOnce() throws {
    let cache = try cache()
    #expect(try get("a", from: cache).isFilled)
    #expect(try !get("a", from: cache).isFilled)
    #expect(try !get("a", from: self.cache()).isFilled)
    #expect(try get("b", 0, from: cache).isFilled)
  }

  @Test func whatNobodyUsesMakesRoom() throws {
    let cache = try cache()
    let held = try get("a", 2 << 20, from: cache).entry
    _ = try get("b", 2 << 20, from: cache)
    // There is no room but that of b; and files count as folders do.
    let bytes = Data(count: 2 << 20)
    let entry = try cache.entry(SHA256.digest(of: bytes), size: Int64(bytes.count)) { write in
      try bytes.withUnsafeBytes(write)
    }
    #expect(throws: Waited.self) { try get("b", 2 << 20, from: cache) }
    withExtendedLifetime((held, entry)) {}
    #expect(try !get("a", 2 << 20, from: cache).isFilled)
  }

  @Test func moreThanTheWholeCacheIsRefused() throws {
    let error = ObjectStoreError.cacheFull(
      folder: folder, needed: (4 << 20) + 1, capacity: 4 << 20)
    #expect(throws: error) { try get("a", (4 << 20) + 1, from: cache()) }
  }

  @Test func whatWasNotFilledToItsEndIsGone() throws {
    let cache = try cache()
    let digest = SHA256.digest(of: Data("a".utf8))
    #expect(throws: Stopped.self) {
      try cache.folder(digest, size: 10, wait: { throw Waited() }) { path in
        try Data("part".utf8).write(to: URL(fileURLWithPath: "\(path)/part"))
        throw Stopped()
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["lock"])
    #expect(try get("a", from: cache).isFilled)
  }

  @Test func whatAProcessThatDiedLeftIsThrownAway() throws {
    let cache = try cache()
    let name = SHA256.digest(of: Data("a".utf8)).hex
    try FileManager.default.createDirectory(
      atPath: "\(folder)/\(name).folder.filling", withIntermediateDirectories: false)
    try Data("part".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name).folder.filling/part"))
    try Data().write(to: URL(fileURLWithPath: "\(folder)/\(name).locked"))
    let (entry, isFilled) = try get("a", from: cache)
    #expect(isFilled)
    #expect(try FileManager.default.contentsOfDirectory(atPath: entry.path) == ["file"])
  }

  @Test func whoeverComesSecondWaitsForTheFirst() throws {
    let cache = try cache()
    let digest = SHA256.digest(of: Data("a".utf8))
    var waited = 0
    _ = try cache.folder(digest, size: 10, wait: {}) { path in
      #expect(throws: Waited.self) {
        try self.cache().folder(digest, size: 10, wait: { throw Waited() }) { _ in
          Issue.record("it is being filled already")
        }
      }
      waited += 1
      try Data("a".utf8).write(to: URL(fileURLWithPath: "\(path)/file"))
    }
    #expect(waited == 1)
    #expect(try !get("a", 10, from: self.cache()).isFilled)
  }
}
