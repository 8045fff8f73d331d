import Digests
import Foundation
import ObjectStore
import Store
import Synchronization
import TestSupport
import Testing

@Suite struct BlobCacheTests {
  private let temporary: TemporaryFolder
  private let folder: String

  init() throws {
    temporary = try TemporaryFolder()
    folder = temporary.file("cache")
  }

  private func cache(_ capacity: Int64 = 4 << 20) throws -> BlobCache {
    try BlobCache(folder: folder, capacity: capacity)
  }

  private static func data(_ number: UInt8, _ size: Int = 1 << 20) -> Data {
    Data(repeating: number, count: size)
  }

  /// Gets bytes out of a cache, and says whether they were fetched.
  private func get(
    _ data: Data, _ cache: BlobCache
  ) throws -> (entry: BlobCache.Entry, isFetched: Bool) {
    var isFetched = false
    let entry = try cache.entry(SHA256.digest(of: data), size: Int64(data.count)) { write in
      isFetched = true
      for start in stride(from: 0, to: data.count, by: 300_000) {
        try data.dropFirst(start).prefix(300_000).withUnsafeBytes(write)
      }
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: entry.path)) == data)
    #expect(entry.size == data.count)
    return (entry, isFetched)
  }

  private var names: Set<String> {
    get throws {
      Set(try FileManager.default.contentsOfDirectory(atPath: folder)).subtracting(["lock"])
    }
  }

  @Test func bytesAreFetchedOnce() throws {
    let cache = try cache()
    for data in [Self.data(1), Data(), Self.data(2, 1)] {
      #expect(try get(data, cache).isFetched)
      #expect(try !get(data, cache).isFetched)
      #expect(try !get(data, self.cache()).isFetched)
    }
  }

  @Test func whatWasUsedLongestAgoGoes() throws {
    let cache = try cache()
    for number in 1...4 { _ = try get(Self.data(UInt8(number)), cache) }
    #expect(try !get(Self.data(1), cache).isFetched)
    #expect(try get(Self.data(5), cache).isFetched)
    #expect(try !get(Self.data(1), cache).isFetched)
    #expect(try get(Self.data(2), cache).isFetched)
    #expect(try names.count == 4)
  }

  @Test func whatIsInUseStays() throws {
    let one = try cache()
    let other = try cache()
    var used = try (1...4).map { try get(Self.data(UInt8($0)), one).entry }
    let full = ObjectStoreError.cacheFull(
      folder: one.folder, needed: 1 << 20, capacity: 4 << 20)
    #expect(throws: full) { try get(Self.data(5), other) }
    #expect(used.count == 4)
    used = []
    #expect(throws: Never.self) { try get(Self.data(5), other) }
  }

  @Test func nothingLargerThanAllOfItFits() throws {
    #expect(throws: ObjectStoreError.self) { try get(Self.data(1, (4 << 20) + 1), cache()) }
    #expect(throws: ObjectStoreError.self) {
      try cache().entry(SHA256.digest(of: Data()), size: -1) { _ in }
    }
    #expect(try names.isEmpty)
  }

  @Test func damageIsFoundAndFetchedAnew() throws {
    let data = Self.data(1)
    let entry = try get(data, cache()).entry
    var damaged = data
    damaged[1000] ^= 1
    try damaged.write(to: URL(fileURLWithPath: entry.path))
    #expect(try get(data, cache()).isFetched)
    try Data().write(to: URL(fileURLWithPath: entry.path))
    #expect(try get(data, cache()).isFetched)
    #expect(try !get(data, cache()).isFetched)
  }

  @Test func otherBytesThanAskedForAreRefused() throws {
    let data = Self.data(1)
    let digest = SHA256.digest(of: data)
    for wrong in [Self.data(2), Self.data(1, 100), Self.data(1, (1 << 20) + 1)] {
      #expect(throws: ObjectStoreError.fetchedDamaged(digest: digest)) {
        try cache().entry(digest, size: 1 << 20) { write in try wrong.withUnsafeBytes(write) }
      }
    }
    struct Lost: Error {}
    #expect(throws: Lost.self) {
      try cache().entry(digest, size: 1 << 20) { _ in throw Lost() }
    }
    #expect(try names.isEmpty)
  }

  /// Two processes fetch the same bytes: the second to end takes the first one's file, which stays where
  /// it is for as long as anyone has it.
  @Test func theFirstOfTwoThatFetchTheSameStays() throws {
    let (one, other) = (try cache(), try cache())
    let data = Self.data(1)
    var first: BlobCache.Entry?
    var second: BlobCache.Entry? = try one.entry(SHA256.digest(of: data), size: 1 << 20) { write in
      first = try get(data, other).entry
      try data.withUnsafeBytes(write)
    }
    #expect(second?.path == first?.path)
    #expect(try names.count == 1)
    second = nil
    // Room is needed: what the first one has is in use.
    for number in 2...5 { _ = try get(Self.data(UInt8(number)), one) }
    let held = try #require(first)
    #expect(try Data(contentsOf: URL(fileURLWithPath: held.path)) == data)
    #expect(try !get(data, one).isFetched)
  }

  /// A process died while it fetched: nobody holds its file any more.
  @Test func leftoversGo() throws {
    let cache = try cache(2 << 20)
    try temporary.write([UInt8](repeating: 0, count: 2 << 20), to: "cache/fetching-x")
    #expect(try get(Self.data(1), cache).isFetched)
    #expect(try names.count == 1)
  }

  @Test func manyAtOnceKeepTheBound() throws {
    let caches = try (0..<4).map { _ in try cache(3 << 20) }
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 64) { index in
      let data = Self.data(UInt8(index % 7), 200_000 + index % 7)
      do {
        let entry = try caches[index % 4].entry(
          SHA256.digest(of: data), size: Int64(data.count)
        ) { write in try data.withUnsafeBytes(write) }
        let found = try Data(contentsOf: URL(fileURLWithPath: entry.path))
        if found != data { failures.withLock { $0.append("\(index): other bytes") } }
      } catch {
        failures.withLock { $0.append("\(index): \(error)") }
      }
    }
    #expect(failures.withLock { $0 } == [])
    #expect(try names.count == 7)
  }

  /// Somebody tidied up, and something else is there now.
  @Test func aFolderThatIsGoneIsNamed() throws {
    let cache = try cache()
    try FileManager.default.removeItem(atPath: folder)
    try Data().write(to: URL(fileURLWithPath: folder))
    let error = try #require(throws: ObjectStoreError.self) { try get(Self.data(1), cache) }
    #expect(error.code == "file_unusable" && "\(error)".contains(folder))
  }

  @Test func aFolderThatCannotBeIsNamed() throws {
    let error = try #require(throws: ObjectStoreError.self) {
      try BlobCache(folder: "/proc/nowhere", capacity: 1 << 20)
    }
    #expect("\(error)".contains("/proc/nowhere"))
  }
}
