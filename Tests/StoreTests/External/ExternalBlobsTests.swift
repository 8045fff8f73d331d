import Digests
import Foundation
import Store
import Testing

/// Bytes apart from the database: whatever process dies or stops, and when, what has a name has its bytes,
/// and what has none goes.
@Suite struct ExternalBlobsTests {
  private let catalog = MemoryCatalog()
  private let bytes = MemoryBytes()
  private var blobs: ExternalBlobs { ExternalBlobs(catalog: catalog, bytes: bytes) }
  private let data = Data("the bytes".utf8)

  @Test func bytesComeBackOnceStored() throws {
    let blob = try blobs.put(data)
    #expect(blob == BlobRecord(digest: SHA256.digest(of: data), size: 9))
    #expect(try blobs.blob(blob.digest) == blob)
    #expect(try blobs.open(blob.digest).read(offset: 4, length: 5) == Data("bytes".utf8))
    #expect(try blobs.check(blob.digest))
    #expect(try blobs.put(data) == blob)
    #expect(bytes.places.count == 1)
    #expect(throws: StoreError.notFound(.blob, SHA256.digest(of: Data()).hex)) {
      try blobs.open(SHA256.digest(of: Data()))
    }
  }

  @Test(arguments: [0, 1, (16 << 20) - 1, 16 << 20, (16 << 20) + 1, 40 << 20])
  func anySizeIsTaken(_ size: Int) throws {
    var left = size
    let blob = try blobs.put {
      let count = min(left, 3_000_001)
      left -= count
      return count == 0 ? nil : Data(repeating: 7, count: count)
    }
    #expect(blob.size == Int64(size))
    #expect(try blobs.check(blob.digest))
  }

  @Test func whatNobodyNeedsGoesAfterItsGrace() throws {
    let blob = try blobs.put(data)
    #expect(try blobs.collectGarbage(olderThan: 100) == [])
    catalog.advance(100)
    _ = try blobs.put(data)
    #expect(try blobs.collectGarbage(olderThan: 100) == [], "its grace began anew")
    catalog.need(blob.digest)
    catalog.advance(1000)
    #expect(try blobs.collectGarbage(olderThan: 100) == [])
    catalog.letGo(blob.digest)
    #expect(try blobs.collectGarbage(olderThan: 100) == [blob])
    #expect(bytes.places.isEmpty)
    #expect(catalog.count == 0)
  }

  @Test func aFailedUploadLeavesNothing() throws {
    bytes.atEachStep { step, _ in if step == .afterWrite { throw Died() } }
    #expect(throws: Died.self) { try blobs.put(data) }
    #expect(try blobs.blob(SHA256.digest(of: data)) == nil)
    bytes.atEachStep(nil)
    _ = try blobs.collectGarbage(olderThan: 100)
    #expect(bytes.places.isEmpty)
    #expect(catalog.count == 0)
  }

  /// Bytes that cannot be removed now are removed the next time.
  @Test func removingIsTakenUpAgain() throws {
    let blob = try blobs.put(data)
    bytes.atEachStep { step, _ in if step == .beforeRemove { throw Died() } }
    catalog.advance(100)
    #expect(throws: Died.self) { try blobs.collectGarbage(olderThan: 100) }
    #expect(try blobs.blob(blob.digest) == nil)
    bytes.atEachStep(nil)
    _ = try blobs.collectGarbage(olderThan: 100)
    #expect(bytes.places.isEmpty)
  }

  /// A process stops before it removes bytes, and goes on after the same bytes were stored anew.
  @Test func aLateRemovalTakesNothingThatWasStoredSince() throws {
    let blobs = blobs
    let data = data
    let blob = try blobs.put(data)
    catalog.advance(100)
    bytes.atEachStep { [bytes] step, place in
      guard step == .beforeRemove else { return }
      bytes.atEachStep(nil)
      // Meanwhile another process finishes the work, and a third stores the bytes.
      try blobs.removeDoomed()
      _ = try blobs.put(data)
    }
    #expect(try blobs.collectGarbage(olderThan: 100) == [blob])
    #expect(try blobs.check(blob.digest))
    #expect(try blobs.removeOrphans() == 0)
    #expect(try blobs.check(blob.digest))
  }

  /// A process stops within an upload for longer than the grace.
  @Test func anUploadThatTookTooLongLeavesNothing() throws {
    let blobs = blobs
    for step in [MemoryBytes.Step.beforeWrite, .afterWrite] {
      bytes.atEachStep { [bytes, catalog] reached, _ in
        guard reached == step else { return }
        bytes.atEachStep(nil)
        catalog.advance(100)
        _ = try blobs.collectGarbage(olderThan: 100)
      }
      #expect(throws: StoreError.uploadExpired) { try blobs.put(data) }
      #expect(bytes.places.isEmpty)
      #expect(catalog.count == 0)
    }
  }

  @Test func theFirstOfTwoUploadsStays() throws {
    let blobs = blobs
    let data = data
    bytes.atEachStep { [bytes] step, _ in
      guard step == .afterWrite else { return }
      bytes.atEachStep(nil)
      _ = try blobs.put(data)
    }
    let blob = try blobs.put(data)
    #expect(bytes.places.count == 2)
    _ = try blobs.collectGarbage(olderThan: 100)
    #expect(bytes.places.count == 1)
    #expect(try blobs.check(blob.digest))
  }

  @Test func bytesWithoutARowAreRemoved() throws {
    let kept = try blobs.put(data)
    for number in 0..<3 {
      let place = BlobPlace(new: SHA256.digest(of: Data([UInt8(number)])))
      try bytes.write(SpooledBytes(in: "/tmp") { nil }, to: place)
    }
    #expect(try blobs.removeOrphans() == 3)
    #expect(try blobs.check(kept.digest))
    #expect(bytes.places.count == 1)
  }

  /// On a store without conditional writes two databases may have taken one place.
  @Test func whatMayBeAnotherDatabasesStays() throws {
    let other = BlobPlace(new: SHA256.digest(of: Data("x".utf8)))
    try bytes.write(SpooledBytes(in: "/tmp") { nil }, to: other)
    bytes.isTaken.store(true, ordering: .relaxed)
    #expect(throws: StoreError.bytesUnavailable(reason: "it is another's")) {
      try blobs.removeOrphans()
    }
    #expect(bytes.places == [other])
    bytes.isTaken.store(false, ordering: .relaxed)
    #expect(try blobs.removeOrphans() == 1)
  }

  @Test func addressesAreOfThePlaceThatCounts() throws {
    let blob = try blobs.put(data)
    let place = try #require(catalog.placedBlob(blob.digest)?.place)
    #expect(
      try blobs.address(of: blob.digest, for: 60, answering: [:]) == "memory:\(place.name)?60")
    #expect(throws: StoreError.self) {
      try blobs.address(of: SHA256.digest(of: Data()), for: 60, answering: [:])
    }
  }

  @Test func placesHaveNames() throws {
    let place = BlobPlace(new: SHA256.digest(of: data))
    #expect(BlobPlace(name: place.name) == place)
    #expect(BlobPlace(new: place.digest) != place)
    let hex = place.digest.hex
    for name in [
      "", hex, "\(hex.prefix(2))/\(hex)", "xx/\(hex)/0123456789abcdef",
      "\(hex.prefix(2))/\(hex)/0123456789ABCDEF", "\(hex.prefix(2))/\(hex)/0123",
      "\(hex.prefix(2).uppercased())/\(hex.uppercased())/0123456789abcdef", place.name + "/x",
    ] {
      #expect(BlobPlace(name: name) == nil, "\(name)")
    }
  }

  @Test func aFolderThatCannotBeWrittenIsNamed() throws {
    let blobs = ExternalBlobs(catalog: catalog, bytes: bytes, folder: "/nowhere")
    let error = try #require(throws: StoreError.self) { try blobs.put(Data(count: 17 << 20)) }
    #expect("\(error)".contains("/nowhere"))
  }
}
