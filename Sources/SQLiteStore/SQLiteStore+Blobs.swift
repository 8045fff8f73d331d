import Digests
import Foundation
import GRDB
import Store

extension SQLiteStore {
  /// See ``BlobStore/put(_:)``.
  public func put(_ next: () throws -> Data?) throws -> BlobRecord {
    var upload = BlobUpload(store: self)
    do {
      while let piece = try next() { try upload.append(piece) }
      return try upload.finish()
    } catch {
      // The caller's error matters more; garbage collection finds what cannot be removed now.
      if let number = upload.number { try? discard(number, .leisurely) }
      throw error
    }
  }

  /// See ``BlobStore/blob(_:)``.
  public func blob(_ digest: SHA256Digest) throws -> BlobRecord? {
    try read { db in try db.namedBlob(digest)?.record }
  }

  /// See ``BlobStore/open(_:)``.
  public func open(_ digest: SHA256Digest) throws -> BlobReader {
    guard let blob = try read({ db in try db.namedBlob(digest) }) else {
      throw StoreError.notFound(.blob, digest.hex)
    }
    let readChunk: @Sendable (Int64) throws -> Data = { [self] index in
      try read { db in try db.chunk(index, of: blob, into: chunkMemory) }
    }
    return BlobReader(
      blob: blob.record, chunkSize: Int64(Self.chunkSize), readChunk: readChunk
    ) { [chunks] index in
      try chunks.value(ChunkPlace(blob: blob.number, index: index)) { try readChunk(index) }
    }
  }
}

/// A blob that has its name, and the number its chunks are filed under.
struct NamedBlob {
  let number: Int64
  let record: BlobRecord
}

extension Database {
  /// The blob of this digest, if it is complete.
  func namedBlob(_ digest: SHA256Digest) throws -> NamedBlob? {
    try first("SELECT number, size FROM blobs WHERE digest = ?", [digest.hex]).map { row in
      NamedBlob(
        number: try row.integer("number"),
        record: BlobRecord(digest: digest, size: try row.amount("size")))
    }
  }

  /// - Throws: ``StoreError/notFound(_:_:)``.
  func blobRecord(_ digest: SHA256Digest) throws -> BlobRecord {
    guard let blob = try namedBlob(digest) else {
      throw StoreError.notFound(.blob, digest.hex)
    }
    return blob.record
  }

  fileprivate func chunk(
    _ index: Int64, of blob: NamedBlob, into memory: ChunkMemory
  ) throws -> Data {
    if let row = try first(
      "SELECT rowid FROM blob_chunks WHERE blob = ? AND position = ?", [blob.number, index]),
      let bytes = try self.blob(
        table: "blob_chunks", column: "bytes", rowID: try row.decode(Int64.self, atIndex: 0),
        into: memory)
    {
      return bytes
    }
    // Without the chunk, or with something else in its place, the blob is damaged; without its row too it has been collected.
    guard try namedBlob(blob.record.digest)?.number == blob.number else {
      throw StoreError.notFound(.blob, blob.record.digest.hex)
    }
    throw StoreError.blobCorrupt(blob.record.digest)
  }
}
