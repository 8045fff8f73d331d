import Foundation
import GRDB
import Store

extension SQLiteStore {
  /// See ``BlobStore/collectGarbage(olderThan:)``.
  public func collectGarbage(olderThan gracePeriod: TimeInterval) throws -> [BlobRecord] {
    let stale = try staleBlobs(gracePeriod)
    var collected: [BlobRecord] = []
    for number in stale {
      let blob: BlobRecord? = try write { db, _ in
        let cutoff = try cutoff(age: gracePeriod)
        guard
          let row = try db.first("\(Self.staleQuery) AND b.number = ?", [cutoff, number])
        else { return nil }
        try db.doom(number, as: .leisurely)
        return try row.optionalDigest("digest").map {
          BlobRecord(digest: $0, size: try row.amount("size"))
        }
      }
      if let blob { collected.append(blob) }
    }
    try removeDoomedBlobs()
    return collected
  }

  /// Removes the bytes of all blobs that are to go, a few chunks in a transaction.
  func removeDoomedBlobs() throws {
    let doomed = try read { db in
      try db.all("SELECT number, doomed FROM blobs INDEXED BY blobs_doomed WHERE doomed > 0")
        .map { (try $0.integer("number"), try $0.int("doomed")) }
    }
    for (number, doom) in doomed { try discard(number, Doom(rawValue: doom) ?? .overwritten) }
  }

  /// Removes a blob without a name.
  func discard(_ number: Int64, _ doom: Doom) throws {
    var removed = 1
    while removed > 0 {
      removed = try write { db, _ in
        // On, freed pages are written with zeros, which for a large blob is as much as storing it.
        if doom == .leisurely { try db.execute(sql: "PRAGMA secure_delete = FAST") }
        defer { try? db.execute(sql: "PRAGMA secure_delete = ON") }
        let removed = try db.run(
          """
          DELETE FROM blob_chunks WHERE rowid IN
            (SELECT rowid FROM blob_chunks WHERE blob = ? LIMIT 32)
          """, [number])
        if removed == 0 {
          try db.run("DELETE FROM blobs WHERE number = ? AND digest IS NULL", [number])
        }
        return removed
      }
    }
  }

  private func staleBlobs(_ gracePeriod: TimeInterval) throws -> [Int64] {
    let cutoff = try cutoff(age: gracePeriod)
    return try read { db in
      try db.all("\(Self.staleQuery) ORDER BY b.number", [cutoff]).map { try $0.integer("number") }
    }
  }

  /// Blobs that nothing refers to, last touched at the time of its parameter or before.
  package static let staleQuery = """
    SELECT b.number, b.digest, b.size FROM blobs b WHERE b.touched_at <= ? AND b.doomed = 0
      AND \(unused)
    """

  /// That nothing refers to the blob `b`.
  static let unused = """
    NOT EXISTS (SELECT 1 FROM base_models r WHERE r.blob = b.digest)
      AND NOT EXISTS (SELECT 1 FROM checkpoints r WHERE r.blob = b.digest)
      AND NOT EXISTS (SELECT 1 FROM models r WHERE r.blob = b.digest)
      AND NOT EXISTS (SELECT 1 FROM model_files r WHERE r.blob = b.digest)
    """
}

/// What becomes of the pages of a blob that is removed.
enum Doom: Int {
  /// They keep the bytes until they are used again.
  case leisurely = 1
  /// They are overwritten.
  case overwritten = 2
}

extension Database {
  /// Takes a blob's name away, which hides it at once; its bytes go in transactions of their own.
  fileprivate func doom(_ number: Int64, as doom: Doom) throws {
    try run(
      "UPDATE blobs SET digest = NULL, doomed = ? WHERE number = ?",
      [doom.rawValue, number])
  }

  /// Dooms a blob that the transaction took the last reference from. A caller that has stored the
  /// same bytes just now, and is about to refer to them, finds them gone and stores them again.
  func doomIfUnused(_ digest: String, as doom: Doom) throws {
    guard
      let row = try first(
        "SELECT b.number FROM blobs b WHERE b.digest = ? AND \(SQLiteStore.unused)", [digest])
    else { return }
    try self.doom(row.integer("number"), as: doom)
  }
}
