import Digests
import Foundation

/// Blobs whose bytes are apart from the database that knows them.
///
/// Bytes are stored first and named in a transaction afterwards; they lose their name in a transaction
/// and are removed afterwards. A process may die, or be stopped for any time, between any two steps:
/// what has a name has its bytes, and what has none is found and removed later.
public struct ExternalBlobs: BlobStore {
  private let catalog: any BlobCatalog
  private let bytes: any BlobBytes
  private let folder: String

  /// Doomed places that are removed before the catalogue is told.
  private static let batch = 100

  /// - Parameters:
  ///   - catalog: Knows the blobs.
  ///   - bytes: Has their bytes.
  ///   - folder: Where larger bytes wait until their digest is known.
  public init(
    catalog: any BlobCatalog, bytes: any BlobBytes,
    folder: String = FileManager.default.temporaryDirectory.path
  ) {
    self.catalog = catalog
    self.bytes = bytes
    self.folder = folder
  }

  /// See ``BlobStore/put(_:)``. Bytes that are there already are not sent again.
  public func put(_ next: () throws -> Data?) throws -> BlobRecord {
    let spooled = try SpooledBytes(in: folder, next)
    if let known = try catalog.touchBlob(spooled.digest) { return known }
    let place = BlobPlace(new: spooled.digest)
    try catalog.beginUpload(place, size: spooled.size)
    do {
      try bytes.write(spooled, to: place)
      return try catalog.finishUpload(place)
    } catch StoreError.uploadExpired {
      // Whoever doomed it may have looked for its bytes before they came.
      try? bytes.remove(place)
      throw StoreError.uploadExpired
    } catch {
      // The caller's error matters more; garbage collection finds what stays.
      try? catalog.abandonUpload(place)
      throw error
    }
  }

  /// See ``BlobStore/blob(_:)``.
  public func blob(_ digest: SHA256Digest) throws -> BlobRecord? {
    try catalog.placedBlob(digest)?.record
  }

  /// See ``BlobStore/open(_:)``.
  public func open(_ digest: SHA256Digest) throws -> BlobReader {
    guard let blob = try catalog.placedBlob(digest) else {
      throw StoreError.notFound(.blob, digest.hex)
    }
    return bytes.reader(of: blob.place, size: blob.record.size)
  }

  /// See ``BlobStore/address(of:for:answering:)``.
  public func address(
    of digest: SHA256Digest, for seconds: Int, answering headers: [String: String]
  ) throws -> String? {
    guard let blob = try catalog.placedBlob(digest) else {
      throw StoreError.notFound(.blob, digest.hex)
    }
    return bytes.address(of: blob.place, for: seconds, answering: headers)
  }

  /// See ``BlobStore/collectGarbage(olderThan:)``. Names go at once; bytes that cannot be removed now go
  /// the next time.
  @discardableResult
  public func collectGarbage(olderThan gracePeriod: TimeInterval) throws -> [BlobRecord] {
    let doomed = try catalog.doomBlobs(olderThan: gracePeriod)
    try removeDoomed()
    try bytes.removeUnfinished(olderThan: max(gracePeriod, 3600))
    return doomed
  }

  /// Removes the bytes of all doomed places.
  /// - Throws: The first failure; what is left goes the next time.
  public func removeDoomed() throws {
    while case let places = try catalog.doomedPlaces(limit: Self.batch), !places.isEmpty {
      for place in places { try bytes.remove(place) }
      try catalog.forgetDoomed(places)
    }
  }

  /// Removes bytes that belong to nobody: their row is gone, and its process died before it could remove
  /// them. It reads the whole list of places, so once a day is often enough.
  /// - Returns: How many places.
  @discardableResult
  public func removeOrphans() throws -> Int {
    var removed = 0
    var next: String?
    repeat {
      let page = try bytes.places(after: next)
      // A row comes before the first byte: a place without one will never be named.
      let unknown = try catalog.unknownPlaces(among: page.places)
      // They may be another database's that took the place at the same moment as this one.
      if !unknown.isEmpty { try bytes.requireOwner() }
      for place in unknown {
        try bytes.remove(place)
        removed += 1
      }
      next = page.next
    } while next != nil
    return removed
  }
}
