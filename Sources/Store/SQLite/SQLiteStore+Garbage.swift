import Foundation
import GRDB

extension SQLiteStore {
  /// See ``BlobStore/collectGarbage(olderThan:)``.
  public func collectGarbage(olderThan gracePeriod: TimeInterval) throws -> [BlobRecord] {
    let stale = try staleBlobs(gracePeriod)
    var collected: [BlobRecord] = []
    for number in stale {
      // Taking the name away hides the blob at once; its chunks then go in short transactions.
      let removal: Removal? = try write { db, now in
        let cutoff = try Self.cutoff(now, gracePeriod)
        guard
          let row = try db.first("\(Self.staleQuery) AND b.number = ?", [cutoff, number])
        else { return nil }
        try db.run("UPDATE blobs SET digest = NULL WHERE number = ?", [number])
        guard try row.optionalText("digest") != nil else { return Removal(blob: nil) }
        return Removal(
          blob: BlobRecord(digest: try row.digest("digest"), size: try row.integer("size")))
      }
      guard let removal else { continue }
      try discardUpload(number)
      if let blob = removal.blob { collected.append(blob) }
    }
    return collected
  }

  /// Removes a blob without a name, a few chunks in a transaction.
  func discardUpload(_ number: Int64) throws {
    var removed = 1
    while removed > 0 {
      removed = try write { db, _ in
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

  private struct Removal {
    let blob: BlobRecord?
  }

  private func staleBlobs(_ gracePeriod: TimeInterval) throws -> [Int64] {
    let cutoff = try Self.cutoff(Timestamp.milliseconds(clock()), gracePeriod)
    return try read { db in
      try db.all("\(Self.staleQuery) ORDER BY b.number", [cutoff]).map { try $0.integer("number") }
    }
  }

  private static func cutoff(_ now: Int64, _ gracePeriod: TimeInterval) throws -> Int64 {
    let grace = try Timestamp.milliseconds(0, plus: gracePeriod, field: "grace period")
    let (cutoff, overflow) = now.subtractingReportingOverflow(grace)
    return overflow ? .min : cutoff
  }

  /// Blobs that nothing refers to, last touched at the time of its parameter or before.
  package static let staleQuery = """
    SELECT b.number, b.digest, b.size FROM blobs b WHERE b.touched_at <= ?
      AND NOT EXISTS (SELECT 1 FROM base_models r WHERE r.blob = b.digest)
      AND NOT EXISTS (SELECT 1 FROM checkpoints r WHERE r.blob = b.digest)
      AND NOT EXISTS (SELECT 1 FROM models r WHERE r.blob = b.digest)
      AND NOT EXISTS (SELECT 1 FROM model_files r WHERE r.blob = b.digest)
    """
}
