import Digests
import Foundation

/// Reads parts of one blob, a chunk at a time: constant memory for any size.
///
/// A reader keeps nothing open in the store, so it may outlive a slow client's download. When the
/// blob is collected meanwhile, reads throw ``StoreError/notFound(_:_:)``.
public struct BlobReader: Sendable {
  /// SHA-256 of the whole blob.
  public let digest: SHA256Digest
  /// Bytes in the whole blob.
  public let size: Int64

  /// Bytes of memory that are asked for before anything has been read.
  private static let largestReserve = 256 << 20

  private let chunkSize: Int64
  private let readChunk: @Sendable (Int64) throws -> Data
  private let sharedChunk: @Sendable (Int64) throws -> Data
  private let readRange: ReadRange?

  /// Hands over the bytes of a range in order, in pieces of any size.
  public typealias ReadRange =
    @Sendable (_ range: Range<Int64>, _ body: (Data) throws -> Void) throws -> Void

  /// A reader for a store's own use.
  /// - Parameters:
  ///   - blob: What is read.
  ///   - chunkSize: Bytes in every chunk but the last; greater than zero.
  ///   - readChunk: Fetches the chunk of an index that counts from zero.
  ///   - sharedChunk: The same, from a place where chunks stay for other readers for a while; nil
  ///     fetches.
  ///   - readRange: Reads several chunks at once, where that is faster than one after the other.
  public init(
    blob: BlobRecord, chunkSize: Int64, readChunk: @escaping @Sendable (Int64) throws -> Data,
    sharedChunk: (@Sendable (Int64) throws -> Data)? = nil, readRange: ReadRange? = nil
  ) {
    digest = blob.digest
    size = blob.size
    self.chunkSize = max(1, chunkSize)
    self.readChunk = readChunk
    self.sharedChunk = sharedChunk ?? readChunk
    self.readRange = readRange
  }

  /// The bytes from `offset` to the end of their chunk, for many readers of the same blob at once:
  /// the chunk is kept for a while, so that asking for it again costs little, and what is handed out
  /// need not be.
  /// - Throws: ``StoreError/rangeOutOfBounds(offset:length:size:)``,
  ///   ``StoreError/blobCorrupt(_:)`` for a chunk of the wrong length.
  public func piece(at offset: Int64) throws -> Data {
    guard offset >= 0, offset < size else { throw outOfBounds(offset, 1) }
    let start = offset / chunkSize * chunkSize
    let chunk = try sharedChunk(offset / chunkSize)
    guard chunk.count == min(chunkSize, size - start) else { throw StoreError.blobCorrupt(digest) }
    return chunk.dropFirst(Int(offset - start))
  }

  /// Hands the bytes of `range` to `body` in order, in pieces of at most a chunk.
  /// - Throws: ``StoreError/rangeOutOfBounds(offset:length:size:)``,
  ///   ``StoreError/blobCorrupt(_:)`` for a chunk of the wrong length, what `body` throws.
  public func stream(_ range: Range<Int64>, into body: (Data) throws -> Void) throws {
    guard range.lowerBound >= 0, range.upperBound <= size else {
      throw outOfBounds(
        range.lowerBound,
        range.upperBound.subtractingReportingOverflow(
          range.lowerBound
        ).partialValue)
    }
    if let readRange {
      if !range.isEmpty { try readRange(range, body) }
      return
    }
    var offset = range.lowerBound
    while offset < range.upperBound {
      let index = offset / chunkSize
      let start = index * chunkSize
      let chunk = try readChunk(index)
      guard chunk.count == min(chunkSize, size - start) else {
        throw StoreError.blobCorrupt(digest)
      }
      let end = min(range.upperBound, start + chunkSize)
      let lower = chunk.startIndex + Int(offset - start)
      try body(chunk[lower..<(chunk.startIndex + Int(end - start))])
      offset = end
    }
  }

  /// The bytes of `length` at `offset`, in memory at once.
  /// - Throws: ``StoreError/rangeOutOfBounds(offset:length:size:)``,
  ///   ``StoreError/blobCorrupt(_:)``.
  public func read(offset: Int64, length: Int) throws -> Data {
    let (end, overflow) = offset.addingReportingOverflow(Int64(length))
    guard offset >= 0, length >= 0, !overflow, end <= size else {
      throw outOfBounds(offset, Int64(length))
    }
    // A damaged row may promise any size: what the chunks hold counts.
    var bytes = Data(capacity: min(length, Self.largestReserve))
    try stream(offset..<end) { bytes.append($0) }
    return bytes
  }

  /// All bytes, in memory, once their digest was compared.
  /// - Throws: ``StoreError/blobCorrupt(_:)``.
  public func whole() throws -> Data {
    let bytes = try read(offset: 0, length: Int(clamping: size))
    guard SHA256.digest(of: bytes) == digest else { throw StoreError.blobCorrupt(digest) }
    return bytes
  }

  private func outOfBounds(_ offset: Int64, _ length: Int64) -> StoreError {
    .rangeOutOfBounds(offset: offset, length: length, size: size)
  }
}
