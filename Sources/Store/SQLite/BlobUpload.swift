import Digests
import Foundation
import GRDB

/// A blob on its way in: chunks go under a row without a digest, one short transaction each, so that
/// other writers wait for one chunk at most; the name comes last.
struct BlobUpload: ~Copyable {
  /// The staging row.
  let number: Int64

  private let store: SQLiteStore
  private var hasher = SHA256()
  private var pending = Data()
  private var position: Int64 = 0
  private var size: Int64 = 0

  init(store: SQLiteStore) throws {
    self.store = store
    number = try store.write { db, now in
      try db.run("INSERT INTO blobs (touched_at) VALUES (?)", [now])
      return db.lastInsertedRowID
    }
  }

  /// Takes the next bytes, and writes every chunk that is full.
  mutating func append(_ piece: Data) throws {
    hasher.update(piece)
    var rest = piece[...]
    while !rest.isEmpty {
      let taken = rest.prefix(SQLiteStore.chunkSize - pending.count)
      pending.append(taken)
      rest = rest.dropFirst(taken.count)
      if pending.count == SQLiteStore.chunkSize { try writePending() }
    }
  }

  /// Writes the last chunk and gives the blob its name, or drops it for one that has the name.
  mutating func finish() throws -> BlobRecord {
    if !pending.isEmpty { try writePending() }
    let digest = hasher.finalize()
    let (number, size) = (number, size)
    let isNew = try store.write { db, now in
      // The new date starts the grace period of an old blob again: its caller will refer to it now.
      let known = try db.run(
        "UPDATE blobs SET touched_at = ? WHERE digest = ?", [now, digest.hex])
      if known > 0 { return false }
      let named = try db.run(
        "UPDATE blobs SET digest = ?, size = ?, touched_at = ? WHERE number = ?",
        [digest.hex, size, now, number])
      guard named == 1 else { throw StoreError.uploadExpired }
      return true
    }
    if !isNew { try store.discardUpload(number) }
    return BlobRecord(digest: digest, size: size)
  }

  private mutating func writePending() throws {
    let (sum, overflow) = size.addingReportingOverflow(Int64(pending.count))
    guard !overflow else { throw StoreError.diskFull }
    let (number, position, bytes) = (number, position, pending)
    try store.write { db, now in
      let alive = try db.run(
        "UPDATE blobs SET touched_at = ? WHERE number = ? AND digest IS NULL", [now, number])
      guard alive == 1 else { throw StoreError.uploadExpired }
      try db.run(
        "INSERT INTO blob_chunks (blob, position, bytes) VALUES (?, ?, ?)",
        [number, position, bytes])
    }
    size = sum
    self.position += 1
    pending.removeAll(keepingCapacity: true)
  }
}
