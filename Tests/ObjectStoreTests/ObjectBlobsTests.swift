import Digests
import Foundation
import ObjectStore
import Store
import TestSupport
import Testing

/// Blobs in a real server of S3's protocol: `make test-fleet`.
@Suite(
  .enabled(
    if: ObjectServer.isThere,
    "CRISP_TEST_S3 names no server of S3's protocol: run make test-fleet"))
struct ObjectBlobsTests {
  private func spooled(_ bytes: Data) throws -> SpooledBytes {
    var rest: Data? = bytes
    return try SpooledBytes(in: FileManager.default.temporaryDirectory.path) {
      defer { rest = nil }
      return rest
    }
  }

  @Test(arguments: [0, 1, (1 << 20) + 1, (9 << 20) + 5, 17 << 20])
  func bytesComeBackInAnyPieces(_ size: Int) throws {
    let blobs = ObjectBlobs(try ObjectServer.store())
    let bytes = ObjectServer.bytes(size)
    let place = BlobPlace(new: SHA256.digest(of: bytes))
    try blobs.write(spooled(bytes), to: place)
    try blobs.write(spooled(bytes), to: place)
    let reader = blobs.reader(of: place, size: Int64(size))
    var hasher = SHA256()
    try reader.stream(0..<Int64(size)) { hasher.update($0) }
    #expect(hasher.finalize() == place.digest)
    // As downloads take them.
    var found = Data()
    while found.count < size { found += try reader.piece(at: Int64(found.count)).prefix(700_001) }
    #expect(found == bytes)
    for start in stride(from: 0, to: size - 1, by: 800_000) {
      let length = min(1000, size - start)
      #expect(
        try reader.read(offset: Int64(start), length: length)
          == bytes.dropFirst(start).prefix(length))
    }
    #expect(try blobs.places(after: nil).places == [place])
    try blobs.remove(place)
    try blobs.remove(place)
    #expect(try blobs.places(after: nil).places.isEmpty)
    if size > 0 {
      #expect(throws: StoreError.notFound(.blob, place.digest.hex)) {
        try blobs.reader(of: place, size: Int64(size)).read(offset: 0, length: 1)
      }
    }
  }

  @Test func aShorterObjectIsDamaged() throws {
    let store = try ObjectServer.store()
    let place = BlobPlace(new: SHA256.digest(of: ObjectServer.bytes(10)))
    try store.put("blobs/\(place.name)", ObjectContent(Data("short".utf8)))
    #expect(throws: StoreError.blobCorrupt(place.digest)) {
      try ObjectBlobs(store).reader(of: place, size: 10).read(offset: 0, length: 10)
    }
  }

  @Test func uploadsThatNeverEndedAreAborted() throws {
    let store = try ObjectServer.store()
    let blobs = ObjectBlobs(store)
    let place = BlobPlace(new: SHA256.digest(of: Data()))
    // As a process leaves one that dies then.
    #expect(try !store.beginUpload("blobs/\(place.name)").isEmpty)
    #expect(try blobs.removeUnfinished(olderThan: 3600) == 0)
    #expect(try blobs.removeUnfinished(olderThan: -60) == 1)
    #expect(try store.unfinishedUploads(begunBefore: .distantFuture).isEmpty)
  }

  @Test func theCacheTakesBlobs() throws {
    let blobs = ObjectBlobs(try ObjectServer.store())
    let bytes = ObjectServer.bytes(3 << 20)
    let place = BlobPlace(new: SHA256.digest(of: bytes))
    try blobs.write(spooled(bytes), to: place)
    let folder = try TemporaryFolder()
    let cache = try BlobCache(folder: folder.file("cache"), capacity: 8 << 20)
    let entry = try cache.entry(blobs.reader(of: place, size: Int64(bytes.count)))
    #expect(try Data(contentsOf: URL(fileURLWithPath: entry.path)) == bytes)
    try blobs.remove(place)
    #expect(try cache.entry(blobs.reader(of: place, size: Int64(bytes.count))).size == bytes.count)
  }

  @Test func anAddressIsForThoseBytesAlone() throws {
    let blobs = ObjectBlobs(try ObjectServer.store())
    let place = BlobPlace(new: SHA256.digest(of: Data("x".utf8)))
    try blobs.write(spooled(Data("x".utf8)), to: place)
    let url = try #require(
      blobs.address(of: place, for: 60, answering: ["content-type": "text/x"]))
    let answer = try ObjectServer.fetch(url)
    #expect(answer.head.headers[.contentType] == "text/x")
    #expect(answer.body == Data("x".utf8))
  }
}
