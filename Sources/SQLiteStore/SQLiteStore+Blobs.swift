import Digests
import Foundation
import GRDB
import Store

extension SQLiteStore {
  /// See ``BlobStore/put(_:)``.
  public func put(_ next: () throws -> Data?) throws -> BlobRecord {
    // Chunks go under a row without a digest, one short transaction each, so that other writers wait for
    // one chunk at most; the name comes with the last. A blob of one chunk takes a single transaction.
    var number: Int64?
    do {
      let (blob, last) = try BlobChunk.cut(every: Self.chunkSize, next) { chunk in
        let known = number
        number = try write { db, now in try db.insert(chunk, of: known, now: now) }
      }
      let known = number
      let isNew = try write { db, now in
        // The new date starts the grace period of an old blob again: its caller will refer to it now.
        let found = try db.run(
          "UPDATE blobs SET touched_at = ? WHERE digest = ?", [now, blob.digest.hex])
        if found > 0 { return false }
        let number = try db.insert(last, of: known, now: now)
        try db.run(
          "UPDATE blobs SET digest = ?, size = ? WHERE number = ?",
          [blob.digest.hex, blob.size, number])
        return true
      }
      if !isNew, let number { try discard(number, .leisurely) }
      return blob
    } catch {
      // The caller's error matters more; garbage collection finds what cannot be removed now.
      if let number { try? discard(number, .leisurely) }
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

extension Database {
  /// Files a chunk under the blob of that number, or under a new one.
  /// - Returns: The blob's number.
  fileprivate func insert(_ chunk: BlobChunk, of known: Int64?, now: Int64) throws -> Int64 {
    let number: Int64
    if let known {
      number = known
      let alive = try run(
        "UPDATE blobs SET touched_at = ? WHERE number = ? AND digest IS NULL", [now, number])
      guard alive == 1 else { throw StoreError.uploadExpired }
    } else {
      try run("INSERT INTO blobs (touched_at) VALUES (?)", [now])
      number = lastInsertedRowID
    }
    if !chunk.bytes.isEmpty {
      try run(
        "INSERT INTO blob_chunks (blob, position, bytes) VALUES (?, ?, ?)",
        [number, chunk.position, chunk.bytes])
    }
    return number
  }
}
