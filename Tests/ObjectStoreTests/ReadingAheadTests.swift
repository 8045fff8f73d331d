import Digests
import Foundation
import ObjectStore
import Store
import Synchronization
import TestSupport
import Testing
import Transfers

/// Pieces for downloads, of which the next are fetched while the last are on their way.
@Suite(.enabled(if: TransferClient.isAvailable, "built without the trait Fleet"))
struct ReadingAheadTests {
  private static let size: Int64 = 20 << 20 + 5
  private static let place = BlobPlace(new: SHA256.digest(of: Data()))

  private static func byte(_ position: Int64) -> UInt8 {
    UInt8(truncatingIfNeeded: position / 1000)
  }

  private final class Ranges: Sendable {
    let all = Mutex<[Range<Int64>]>([])
  }

  /// Has one object; answers 404 once for a range that begins at `refused`.
  private func server(_ ranges: Ranges, refused: Int64? = nil) throws -> ScriptedServer {
    try ScriptedServer { peer in
      while let request = try peer.request() {
        let ends = (request.fields["range"] ?? "").dropFirst(6).split(separator: "-")
          .compactMap { Int64($0) }
        guard ends.count == 2 else { return }
        let range = ends[0]..<(ends[1] + 1)
        let isFirst = ranges.all.withLock { all in
          defer { all.append(range) }
          return !all.contains(range)
        }
        if range.lowerBound == refused, isFirst {
          try peer.answer(404)
          continue
        }
        try peer.send(
          "HTTP/1.1 206 Partial\r\nContent-Length: \(range.count)\r\nETag: \"a\"\r\n"
            + "Content-Range: bytes \(ends[0])-\(ends[1])/\(Self.size)\r\n\r\n")
        try peer.send(Data(range.map(Self.byte)))
      }
    }
  }

  private func reader(_ server: ScriptedServer) throws -> BlobReader {
    let store = try ObjectStore(
      ObjectStoreAddress("s3://bucket/p", endpoint: server.url),
      credentials: CredentialSource(S3Credentials(accessKey: "AKID", secretKey: "secret")))
    return ObjectBlobs(store).reader(of: Self.place, size: Self.size)
  }

  /// Whether all bytes come, in pieces.
  private static func readThrough(_ reader: BlobReader) throws -> Bool {
    var position: Int64 = 0
    while position < size {
      let piece = try reader.piece(at: position)
      guard !piece.isEmpty, piece.first == byte(position),
        piece.last == byte(position + Int64(piece.count) - 1)
      else { return false }
      position += Int64(piece.count)
    }
    return position == size
  }

  @Test func manyReadersFetchEveryByteOnce() throws {
    let ranges = Ranges()
    let server = try server(ranges)
    let reader = try reader(server)
    let failures = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      if (try? Self.readThrough(reader)) != true { failures.withLock { $0 += 1 } }
    }
    #expect(failures.withLock { $0 } == 0)
    let found = ranges.all.withLock { $0 }.sorted { $0.lowerBound < $1.lowerBound }
    var position: Int64 = 0
    for range in found {
      #expect(range.lowerBound == position)
      position = range.upperBound
    }
    #expect(position == Self.size)
    // One chunk, then four at a time.
    #expect(found.first == 0..<(1 << 20))
    #expect(found.count <= 8)
  }

  /// What is fetched while the third chunk is on its way fails; the sixth comes all the same.
  @Test func aFailureAheadOfAReaderIsNotItsOwn() throws {
    let ranges = Ranges()
    let server = try server(ranges, refused: 5 << 20)
    #expect(try Self.readThrough(reader(server)))
    #expect(ranges.all.withLock { $0 }.filter { $0.lowerBound == 5 << 20 }.count == 2)
  }

  @Test func placesOutsideAreRefused() throws {
    let server = try server(Ranges())
    let reader = try reader(server)
    for offset in [-1, Self.size, .max] {
      #expect(throws: StoreError.self) { try reader.piece(at: offset) }
    }
  }
}
