import Digests
import Foundation

/// Bytes of any length, named by their SHA-256.
public protocol BlobStore: Sendable {
  /// Stores what `next` hands out, piece by piece, until it returns `nil`.
  ///
  /// Pieces may have any size; no more than one chunk is held in memory. Nothing is visible before
  /// the end, and nothing is left when `next` throws or the process dies. Bytes that are there
  /// already are kept once. A blob that nothing refers to lives until ``collectGarbage(olderThan:)``.
  /// - Throws: What `next` throws, ``StoreError/diskFull``, ``StoreError/uploadExpired``.
  func put(_ next: () throws -> Data?) throws -> BlobRecord

  /// The blob's size, or `nil` when there is none of this digest.
  func blob(_ digest: SHA256Digest) throws -> BlobRecord?

  /// Opens a blob for reading, which holds nothing open in the store between two reads.
  /// - Throws: ``StoreError/notFound(_:_:)``.
  func open(_ digest: SHA256Digest) throws -> BlobReader

  /// Deletes blobs and abandoned uploads that nothing refers to and nothing has touched for
  /// `gracePeriod` seconds.
  ///
  /// The grace lets a caller store bytes first and refer to them in a later transaction.
  /// - Returns: The blobs that went.
  @discardableResult
  func collectGarbage(olderThan gracePeriod: TimeInterval) throws -> [BlobRecord]

  /// Removes bytes apart from the database that belong to nobody, which only a process that died leaves. It
  /// reads the whole list of them, so once a day is often enough.
  /// - Returns: How many.
  @discardableResult
  func removeOrphans() throws -> Int

  /// An address from which anyone may fetch a blob's bytes for a while, without this program; nil where
  /// the store has none to give.
  /// - Parameters:
  ///   - digest: The blob.
  ///   - seconds: For how long.
  ///   - headers: Fields that are to come with the bytes, such as `content-disposition`.
  /// - Throws: ``StoreError/notFound(_:_:)``.
  func address(
    of digest: SHA256Digest, for seconds: Int, answering headers: [String: String]
  ) throws -> String?
}

extension BlobStore {
  /// None.
  public func removeOrphans() throws -> Int { 0 }

  /// None.
  public func address(
    of digest: SHA256Digest, for seconds: Int, answering headers: [String: String]
  ) throws -> String? { nil }

  /// Stores bytes in memory.
  public func put(_ data: Data) throws -> BlobRecord {
    var rest: Data? = data
    return try put {
      defer { rest = nil }
      return rest
    }
  }

  /// Stores a file, read in pieces of 1 MiB.
  /// - Throws: ``StoreError/invalidValue(field:reason:)`` when the file cannot be read.
  public func put(contentsOfFile path: String) throws -> BlobRecord {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw StoreError.invalidValue(field: path, reason: "cannot be read")
    }
    defer { try? file.close() }
    return try put {
      do {
        return try file.read(upToCount: 1 << 20)
      } catch {
        throw StoreError.invalidValue(field: path, reason: "cannot be read: \(error)")
      }
    }
  }

  /// Reads a blob through and compares its digest.
  /// - Returns: Whether the bytes are intact.
  /// - Throws: ``StoreError/notFound(_:_:)``.
  public func check(_ digest: SHA256Digest) throws -> Bool {
    let reader = try open(digest)
    var hasher = SHA256()
    do {
      try reader.stream(0..<reader.size) { hasher.update($0) }
    } catch StoreError.blobCorrupt {
      return false
    }
    return hasher.finalize() == digest
  }
}
