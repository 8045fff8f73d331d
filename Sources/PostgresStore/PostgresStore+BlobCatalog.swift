#if Fleet
  import Digests
  import Foundation
  import Store

  extension PostgresStore: BlobCatalog {
    /// Blobs whose bytes are elsewhere; nil when new ones are kept here.
    var external: ExternalBlobs? { bytes.map { ExternalBlobs(catalog: self, bytes: $0) } }

    /// What has the bytes of a blob that are not here.
    /// - Throws: ``StoreError/bytesUnavailable(reason:)`` when this program was not told where that is.
    func external(_ blob: PostgresBlob) throws -> any BlobBytes {
      guard let bytes else {
        throw StoreError.bytesUnavailable(
          reason: "the bytes of blob \(blob.record.digest) are in an object store: give --objects")
      }
      return bytes
    }

    /// See ``BlobStore/address(of:for:answering:)``.
    public func address(
      of digest: SHA256Digest, for seconds: Int, answering headers: [String: String]
    ) throws -> String? {
      guard let blob = try read({ db in try db.namedBlob(digest) }) else {
        throw StoreError.notFound(.blob, digest.hex)
      }
      return blob.place.flatMap { bytes?.address(of: $0, for: seconds, answering: headers) }
    }

    /// See ``BlobCatalog/placedBlob(_:)``.
    public func placedBlob(_ digest: SHA256Digest) throws -> PlacedBlob? {
      try read { db in
        guard let blob = try db.namedBlob(digest), let place = blob.place else { return nil }
        return PlacedBlob(record: blob.record, place: place)
      }
    }

    /// See ``BlobCatalog/touchBlob(_:)``.
    public func touchBlob(_ digest: SHA256Digest) throws -> BlobRecord? {
      try write { db, now in try db.touch(digest, now: now) }
    }

    /// See ``BlobCatalog/beginUpload(_:size:)``.
    public func beginUpload(_ place: BlobPlace, size: Int64) throws {
      try write { db, now in
        // Again when the first attempt's answer was lost.
        _ = try db.run(
          """
          INSERT INTO blobs (touched_at, size, place) VALUES ($1, $2, $3) ON CONFLICT (place) DO NOTHING
          """, [now, size, place.name])
      }
    }

    /// See ``BlobCatalog/finishUpload(_:)``.
    public func finishUpload(_ place: BlobPlace) throws -> BlobRecord {
      // Of two that come with the same bytes at once, the second clashes, does this again and finds them.
      try write { db, now in
        if let first = try db.touch(place.digest, now: now) {
          // Or this very one, when the answer to the first attempt was lost.
          try db.run(
            "UPDATE blobs SET is_doomed = true WHERE place = $1 AND digest IS NULL", [place.name])
          return first
        }
        guard
          try db.run(
            """
            UPDATE blobs SET digest = $1, touched_at = $2
            WHERE place = $3 AND digest IS NULL AND NOT is_doomed
            """, [place.digest.hex, now, place.name]) == 1,
          let blob = try db.namedBlob(place.digest)
        else { throw StoreError.uploadExpired }
        return blob.record
      }
    }

    /// See ``BlobCatalog/abandonUpload(_:)``.
    public func abandonUpload(_ place: BlobPlace) throws {
      try write { db, _ in
        _ = try db.run(
          "UPDATE blobs SET is_doomed = true WHERE place = $1 AND digest IS NULL", [place.name])
      }
    }

    /// See ``BlobCatalog/doomedPlaces(limit:)``.
    public func doomedPlaces(limit: Int) throws -> [BlobPlace] {
      try read { db in
        try db.all(
          "SELECT place FROM blobs WHERE is_doomed AND place IS NOT NULL ORDER BY number LIMIT $1",
          [limit]
        ).compactMap { try $0.optionalPlace() }
      }
    }

    /// See ``BlobCatalog/forgetDoomed(_:)``.
    public func forgetDoomed(_ places: [BlobPlace]) throws {
      try write { db, _ in
        for place in places {
          try db.run("DELETE FROM blobs WHERE place = $1 AND is_doomed", [place.name])
        }
      }
    }

    /// See ``BlobCatalog/unknownPlaces(among:)``.
    public func unknownPlaces(among places: [BlobPlace]) throws -> [BlobPlace] {
      guard !places.isEmpty else { return [] }
      // Names of places have no comma.
      let names = places.map(\.name).joined(separator: ",")
      let known = try read { db in
        try db.all(
          "SELECT place FROM blobs WHERE place = ANY (string_to_array($1, ','))", [names]
        ).compactMap { try $0.optionalPlace() }
      }
      let set = Set(known)
      return places.filter { !set.contains($0) }
    }
  }

  extension PostgresSession {
    /// Begins the grace period of a named blob anew: its caller will refer to it now.
    func touch(_ digest: SHA256Digest, now: Int64) throws -> BlobRecord? {
      try first(
        "UPDATE blobs SET touched_at = $1 WHERE digest = $2 RETURNING size", [now, digest.hex]
      ).map { BlobRecord(digest: digest, size: try $0.amount("size")) }
    }
  }

  extension PostgresRow {
    /// The column `place`.
    fileprivate func place(_ text: String) throws -> BlobPlace {
      guard let place = BlobPlace(name: text) else {
        throw StoreError.databaseCorrupt(reason: "a blob lies at \"\(text.prefix(80))\"")
      }
      return place
    }

    func optionalPlace() throws -> BlobPlace? { try optionalText("place").map(place) }
  }
#endif
