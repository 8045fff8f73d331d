import Digests
import Foundation
import GRDB
import Store

/// A blob on its way in: chunks go under a row without a digest, one short transaction each, so that
/// other writers wait for one chunk at most; the name comes with the last. A blob of up to one chunk
/// takes a single transaction.
struct BlobUpload: ~Copyable {
  /// The row without a digest, from the first full chunk on.
  private(set) var number: Int64?

  private let store: SQLiteStore
  private var hasher = SHA256()
  private var pending = Data()
  private var position: Int64 = 0
  private var size: Int64 = 0

  init(store: SQLiteStore) {
    self.store = store
  }

  /// Takes the next bytes, and writes every full chunk that more bytes follow.
  mutating func append(_ piece: Data) throws {
    hasher.update(piece)
    var rest = piece[...]
    while !rest.isEmpty {
      if pending.count == SQLiteStore.chunkSize { try writePending() }
      let taken = rest.prefix(SQLiteStore.chunkSize - pending.count)
      pending.append(taken)
      rest = rest.dropFirst(taken.count)
    }
  }

  /// Writes the last chunk and gives the blob its name, or drops it for one that has the name.
  mutating func finish() throws -> BlobRecord {
    let digest = hasher.finalize()
    let chunk = Chunk(number: number, position: position, bytes: pending)
    let blob = BlobRecord(digest: digest, size: try sizeWithPending())
    let isNew = try store.write { db, now in
      // The new date starts the grace period of an old blob again: its caller will refer to it now.
      let known = try db.run(
        "UPDATE blobs SET touched_at = ? WHERE digest = ?", [now, digest.hex])
      if known > 0 { return false }
      let number = try db.insert(chunk, now: now)
      try db.run(
        "UPDATE blobs SET digest = ?, size = ? WHERE number = ?", [digest.hex, blob.size, number])
      return true
    }
    if !isNew, let number { try store.discard(number, .leisurely) }
    return blob
  }

  private mutating func writePending() throws {
    let chunk = Chunk(number: number, position: position, bytes: pending)
    size = try sizeWithPending()
    number = try store.write { db, now in try db.insert(chunk, now: now) }
    position += 1
    pending.removeAll(keepingCapacity: true)
  }

  private func sizeWithPending() throws -> Int64 {
    let (sum, overflow) = size.addingReportingOverflow(Int64(pending.count))
    guard !overflow else { throw StoreError.diskFull }
    return sum
  }
}

/// Bytes to file under a blob, which is made for the first of them.
private struct Chunk {
  let number: Int64?
  let position: Int64
  let bytes: Data
}

extension Database {
  /// - Returns: The blob's number.
  fileprivate func insert(_ chunk: Chunk, now: Int64) throws -> Int64 {
    let number: Int64
    if let known = chunk.number {
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
