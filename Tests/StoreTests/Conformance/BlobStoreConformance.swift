import Digests
import Foundation
import Store
import TestSupport
import Testing

/// What every ``BlobStore`` must do.
enum BlobStoreConformance {
  static let mebibyte = 1 << 20

  /// Bytes that differ from chunk to chunk.
  static func bytes(_ count: Int, seed: UInt64 = 1) -> Data {
    var generator = SplitMix64(seed: seed)
    var data = Data(capacity: count + 8)
    while data.count < count {
      withUnsafeBytes(of: generator.next()) { data.append(contentsOf: $0) }
    }
    return data.prefix(count)
  }

  static let all: [ConformanceCase] =
    sizes.map { size in
      ConformanceCase("\(size) bytes come back") { fixture in
        let data = bytes(size)
        let blob = try fixture.store.put(data)
        #expect(blob == BlobRecord(digest: SHA256.digest(of: data), size: Int64(size)))
        #expect(try fixture.store.blob(blob.digest) == blob)
        let reader = try fixture.store.open(blob.digest)
        #expect(reader.size == blob.size && reader.digest == blob.digest)
        #expect(try reader.read(offset: 0, length: size) == data)
        #expect(try fixture.store.check(blob.digest))
      }
    } + [
      ConformanceCase("ranges over chunk edges", rangesOverChunkEdges),
      ConformanceCase("pieces of any size make the same blob", piecesOfAnySize),
      ConformanceCase("ranges outside are refused") { fixture in
        let reader = try fixture.store.open(try fixture.store.put(bytes(10)).digest)
        for (offset, length) in [
          (-1, 1), (0, 11), (10, 1), (11, 0), (Int64.max, 1), (5, Int.max), (0, -1), (.min, 1),
        ] as [(Int64, Int)] {
          #expect(
            throws: StoreError.rangeOutOfBounds(
              offset: offset, length: Int64(length), size: 10)
          ) { try reader.read(offset: offset, length: length) }
        }
        #expect(throws: StoreError.self) { try reader.stream(-5..<5) { _ in } }
        #expect(throws: StoreError.self) { try reader.stream(5..<11) { _ in } }
        #expect(try reader.read(offset: 10, length: 0).isEmpty)
      },
      ConformanceCase("pieces from any place make the same blob") { fixture in
        // More chunks than stay in memory, read by two at once from different ends.
        let data = bytes(40 * mebibyte + 7)
        let blob = try fixture.store.put(data)
        let readers = try (fixture.store.open(blob.digest), fixture.store.open(blob.digest))
        var offset: Int64 = 0
        while offset < blob.size {
          let piece = try readers.0.piece(at: offset)
          #expect(piece == data[Int(offset)..<Int(offset) + piece.count])
          let last = try readers.1.piece(at: blob.size - 1 - offset)
          #expect(last.first == data[Int(blob.size - 1 - offset)])
          offset += Int64(max(1, piece.count - 1))
        }
        for offset in [-1, blob.size, .max] {
          #expect(
            throws: StoreError.rangeOutOfBounds(offset: offset, length: 1, size: blob.size)
          ) {
            try readers.0.piece(at: offset)
          }
        }
      },
      ConformanceCase("a consumer's error stops the stream") { fixture in
        let reader = try fixture.store.open(try fixture.store.put(bytes(3 * mebibyte)).digest)
        var pieces = 0
        #expect(throws: Interruption.self) {
          try reader.stream(0..<reader.size) { piece in
            #expect(piece.count <= mebibyte)
            pieces += 1
            throw Interruption()
          }
        }
        #expect(pieces == 1)
      },
      ConformanceCase("equal bytes are one blob") { fixture in
        let data = bytes(2 * mebibyte + 5)
        let first = try fixture.store.put(data)
        #expect(try fixture.store.put(data) == first)
        #expect(try fixture.store.open(first.digest).read(offset: 0, length: data.count) == data)
        fixture.clock.advance(10)
        #expect(try fixture.store.collectGarbage(olderThan: 5) == [first])
      },
      ConformanceCase("an interrupted upload leaves nothing visible") { fixture in
        let data = bytes(2 * mebibyte + 1)
        var count = 0
        let before = try fixture.store.collectGarbage(olderThan: 0)
        #expect(before.isEmpty)
        #expect(throws: Interruption.self) {
          try fixture.store.put {
            count += 1
            guard count < 3 else { throw Interruption() }
            return data
          }
        }
        #expect(try fixture.store.blob(SHA256.digest(of: data)) == nil)
        #expect(try fixture.store.blob(SHA256.digest(of: data + data)) == nil)
        fixture.clock.advance(10)
        #expect(try fixture.store.collectGarbage(olderThan: 5).isEmpty)
      },
      ConformanceCase("a file is stored like its bytes") { fixture in
        let folder = try TemporaryFolder()
        let data = bytes(mebibyte + 3)
        try data.write(to: URL(fileURLWithPath: folder.file("weights")))
        let blob = try fixture.store.put(contentsOfFile: folder.file("weights"))
        #expect(blob.digest == SHA256.digest(of: data))
        let error = #expect(throws: StoreError.self) {
          try fixture.store.put(contentsOfFile: folder.file("absent"))
        }
        #expect(error?.description.contains("absent") == true)
      },
      ConformanceCase("an unknown blob is named") { fixture in
        let digest = Fixture.digest("never stored")
        let blob = try fixture.store.blob(digest)
        #expect(blob == nil)
        #expect(throws: StoreError.notFound(.blob, digest.hex)) { try fixture.store.open(digest) }
        #expect(throws: StoreError.notFound(.blob, digest.hex)) { try fixture.store.check(digest) }
      },
      ConformanceCase("garbage is what nothing refers to and nothing touched", collectsGarbage),
    ]

  private static let sizes = [
    0, 1, mebibyte - 1, mebibyte, mebibyte + 1, 3 * mebibyte + 7,
  ]

  private static func rangesOverChunkEdges(_ fixture: Fixture) throws {
    let data = bytes(3 * mebibyte + 7)
    let reader = try fixture.store.open(try fixture.store.put(data).digest)
    let edges = [
      0, 1, mebibyte - 1, mebibyte, mebibyte + 1, 2 * mebibyte, 3 * mebibyte, data.count,
    ]
    var ranges = edges.flatMap { lower in
      edges.filter { $0 >= lower }.map { lower..<$0 }
    }
    var generator = SplitMix64(seed: 7)
    for _ in 0..<200 {
      let ends = [generator.next(upTo: data.count), generator.next(upTo: data.count)].sorted()
      ranges.append(ends[0]..<ends[1])
    }
    for range in ranges {
      let read = try reader.read(offset: Int64(range.lowerBound), length: range.count)
      try #require(read == data[range], "\(range)")
    }
  }

  private static func piecesOfAnySize(_ fixture: Fixture) throws {
    let data = bytes(2 * mebibyte + 11, seed: 3)
    let expected = SHA256.digest(of: data)
    var generator = SplitMix64(seed: 11)
    for bound in [5_000, mebibyte / 3, mebibyte, 3 * mebibyte] {
      var offset = 0
      let blob = try fixture.store.put {
        guard offset < data.count else { return nil }
        let end = min(data.count, offset + generator.next(upTo: bound))
        defer { offset = end }
        return data[offset..<end]
      }
      try #require(blob.digest == expected)
    }
    #expect(try fixture.store.check(expected))
  }

  private static func collectsGarbage(_ fixture: Fixture) throws {
    let store = fixture.store
    let model = try fixture.publishedModel("ann", "bags")
    let base = try store.baseModel("resnet").record.blob
    let old = try store.put(bytes(mebibyte + 1))
    let wanted = try store.put(bytes(10))
    let reader = try store.open(old.digest)
    fixture.clock.advance(50)
    let young = try store.put(bytes(20))
    // Storing it again starts its grace period again.
    _ = try store.put(bytes(10))
    #expect(try store.collectGarbage(olderThan: 51).isEmpty)
    #expect(try store.collectGarbage(olderThan: 50) == [old])
    #expect(try store.blob(old.digest) == nil)
    #expect(throws: StoreError.notFound(.blob, old.digest.hex)) {
      try reader.read(offset: 0, length: 1)
    }
    for digest in [model.blob.digest, base, young.digest, wanted.digest] {
      #expect(try store.check(digest))
    }
    for grace in [-1, TimeInterval.nan] {
      #expect(throws: StoreError.self) { try store.collectGarbage(olderThan: grace) }
    }
  }
}

struct Interruption: Error {}
