#if Fleet
  import Digests
  import Foundation
  import Store

  extension PostgresStore {
    /// See ``BlobStore/put(_:)``.
    public func put(_ next: () throws -> Data?) throws -> BlobRecord {
      if let external { return try external.put(next) }
      // Chunks go under a row without a digest, one short transaction each; the name comes with the last.
      var number: Int64?
      do {
        let (blob, last) = try BlobChunk.cut(every: Self.chunkSize, next) { chunk in
          let known = number
          number = try write { db, now in try db.addChunk(chunk, of: known, now: now) }
        }
        let known = number
        // Of two that come with the same bytes at once, the second clashes, does this again and finds them.
        let isNew = try write { db, now in
          if try db.touch(blob.digest, now: now) != nil { return false }
          let number = try db.addChunk(last, of: known, now: now)
          try db.run(
            "UPDATE blobs SET digest = $1, size = $2 WHERE number = $3",
            [blob.digest.hex, blob.size, number])
          return true
        }
        if !isNew, let number { try remove(number) }
        return blob
      } catch {
        // The caller's error matters more; garbage collection finds what cannot be removed now.
        if let number { try? remove(number) }
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
      if let place = blob.place {
        return try self.external(blob).reader(of: place, size: blob.record.size)
      }
      let readChunk: @Sendable (Int64) throws -> Data = { [self] index in
        try read { db in try db.chunk(index, of: blob) }
      }
      return BlobReader(
        blob: blob.record, chunkSize: Int64(Self.chunkSize), readChunk: readChunk
      ) { [chunks] index in
        try chunks.value("\(blob.number):\(index)") { try readChunk(index) }
      }
    }

    /// See ``BlobStore/collectGarbage(olderThan:)``.
    public func collectGarbage(olderThan gracePeriod: TimeInterval) throws -> [BlobRecord] {
      let collected = try doomBlobs(olderThan: gracePeriod)
      try removeDoomedBlobs()
      if let external {
        try external.removeDoomed()
        try bytes?.removeUnfinished(olderThan: max(gracePeriod, 3600))
      }
      return collected
    }

    /// See ``BlobStore/removeOrphans()``.
    @discardableResult
    public func removeOrphans() throws -> Int { try external?.removeOrphans() ?? 0 }

    /// See ``BlobCatalog/doomBlobs(olderThan:)``.
    public func doomBlobs(olderThan gracePeriod: TimeInterval) throws -> [BlobRecord] {
      let age = try Timestamp.milliseconds(0, plus: gracePeriod, field: "grace period")
      let stale = try read { db in
        try db.all(
          """
          SELECT b.number FROM blobs b WHERE b.touched_at <= (SELECT crisp_now()) - $1 AND NOT b.is_doomed
            AND \(PostgresSession.unused) ORDER BY b.number
          """, [age]
        ).map { try $0.integer("number") }
      }
      var collected: [BlobRecord] = []
      for number in stale {
        let blob: BlobRecord? = try write { db, now in
          // Locked first: what refers to it by now is seen by the next statement, and nothing more comes.
          guard
            let row = try db.first(
              """
              SELECT digest, size FROM blobs WHERE number = $1 AND touched_at <= $2 AND NOT is_doomed
              FOR UPDATE
              """, [number, now - age]), try db.doomIfUnused(number)
          else { return nil }
          return try row.optionalDigest("digest").map {
            BlobRecord(digest: $0, size: try row.amount("size"))
          }
        }
        if let blob { collected.append(blob) }
      }
      return collected
    }

    /// Removes the bytes of all blobs that are to go and are in the database, one in a transaction. Others
    /// go when garbage is collected: nobody who publishes waits for, or fails by, an object store.
    func removeDoomedBlobs() throws {
      let doomed = try read { db in
        try db.all("SELECT number FROM blobs WHERE is_doomed AND place IS NULL").map {
          try $0.integer("number")
        }
      }
      for number in doomed { try remove(number) }
    }

    /// Removes a blob without a name.
    func remove(_ number: Int64) throws {
      try write { db, _ in
        // What another process removes just now is passed over, not waited for.
        _ = try db.run(
          """
          DELETE FROM blobs WHERE number = (SELECT number FROM blobs
            WHERE number = $1 AND digest IS NULL FOR UPDATE SKIP LOCKED)
          """, [number])
      }
    }
  }

  /// A blob that has its name, and the number its chunks are filed under.
  struct PostgresBlob {
    let number: Int64
    let record: BlobRecord
    /// Where its bytes are, unless they are chunks.
    let place: BlobPlace?
  }

  extension PostgresSession {
    /// That nothing refers to the blob `b`.
    static let unused = """
      NOT EXISTS (SELECT 1 FROM base_models r WHERE r.blob = b.digest)
        AND NOT EXISTS (SELECT 1 FROM checkpoints r WHERE r.blob = b.digest)
        AND NOT EXISTS (SELECT 1 FROM models r WHERE r.blob = b.digest)
        AND NOT EXISTS (SELECT 1 FROM model_files r WHERE r.blob = b.digest)
        AND NOT EXISTS (SELECT 1 FROM dataset_pieces r WHERE r.blob = b.digest)
      """

    func namedBlob(_ digest: SHA256Digest) throws -> PostgresBlob? {
      try first("SELECT number, size, place FROM blobs WHERE digest = $1", [digest.hex]).map {
        row in
        PostgresBlob(
          number: try row.integer("number"),
          record: BlobRecord(digest: digest, size: try row.amount("size")),
          place: try row.optionalPlace())
      }
    }

    /// A blob that is about to be referred to, which stays until this transaction ends.
    /// - Throws: ``StoreError/notFound(_:_:)``.
    func blobRecord(_ digest: SHA256Digest) throws -> BlobRecord {
      guard
        let row = try first(
          "SELECT size FROM blobs WHERE digest = $1 FOR KEY SHARE", [digest.hex])
      else { throw StoreError.notFound(.blob, digest.hex) }
      return BlobRecord(digest: digest, size: try row.amount("size"))
    }

    fileprivate func chunk(_ index: Int64, of blob: PostgresBlob) throws -> Data {
      if let bytes = try bytes(
        "SELECT bytes FROM blob_chunks WHERE blob = $1 AND position = $2", [blob.number, index])
      {
        return bytes
      }
      // Without the chunk the blob is damaged; without its row too it has been collected.
      guard try namedBlob(blob.record.digest)?.number == blob.number else {
        throw StoreError.notFound(.blob, blob.record.digest.hex)
      }
      throw StoreError.blobCorrupt(blob.record.digest)
    }

    /// - Returns: The blob's number.
    fileprivate func addChunk(
      _ chunk: BlobChunk, of known: Int64?, now: Int64
    ) throws -> Int64 {
      let number: Int64
      if let known {
        number = known
        let alive = try run(
          "UPDATE blobs SET touched_at = $1 WHERE number = $2 AND digest IS NULL AND NOT is_doomed",
          [now, number])
        guard alive == 1 else { throw StoreError.uploadExpired }
      } else {
        number = try self.number(
          "INSERT INTO blobs (touched_at) VALUES ($1) RETURNING number AS n", [now])
      }
      if !chunk.bytes.isEmpty {
        try run(
          "INSERT INTO blob_chunks (blob, position, bytes) VALUES ($1, $2, $3)",
          [number, chunk.position, chunk.bytes])
      }
      return number
    }

    /// Takes the name of a locked blob away, unless something refers to it.
    fileprivate func doomIfUnused(_ number: Int64) throws -> Bool {
      try run(
        """
        UPDATE blobs b SET digest = NULL, is_doomed = true WHERE b.number = $1 AND \(Self.unused)
        """, [number]) == 1
    }

    /// Dooms a blob that the transaction took the last reference from. A caller that has stored the
    /// same bytes just now, and is about to refer to them, finds them gone and stores them again.
    func doomIfUnused(digest: String) throws {
      let number = try number(
        "SELECT number AS n FROM blobs WHERE digest = $1 FOR UPDATE", [digest])
      if number > 0 { _ = try doomIfUnused(number) }
    }
  }
#endif
