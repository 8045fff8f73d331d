import Digests
import Foundation

/// A blob and where its bytes are.
public struct PlacedBlob: Hashable, Sendable {
  /// Digest and size.
  public let record: BlobRecord
  /// Where.
  public let place: BlobPlace

  /// A blob at a place.
  public init(record: BlobRecord, place: BlobPlace) {
    self.record = record
    self.place = place
  }
}

/// What a database knows of blobs whose bytes are elsewhere: names, references, ages. Each function is
/// one transaction, and takes the time from the database.
///
/// A place is in one of three states: *uploading* from ``beginUpload(_:size:)`` on, *named* from
/// ``finishUpload(_:)`` on, *doomed* when nothing needs it any more. The row of a place is there before
/// its first byte and goes after its last one, so bytes at a place without a row belong to nobody.
public protocol BlobCatalog: Sendable {
  /// The named blob of this digest.
  func placedBlob(_ digest: SHA256Digest) throws -> PlacedBlob?

  /// The same, and its grace period begins anew: its caller will refer to it now.
  func touchBlob(_ digest: SHA256Digest) throws -> BlobRecord?

  /// Files a place whose bytes are about to be stored.
  func beginUpload(_ place: BlobPlace, size: Int64) throws

  /// Names the blob of an upload whose bytes are all there. Where another upload of the same digest was
  /// first, that one stays and this one is doomed.
  /// - Returns: The blob that has the name now.
  /// - Throws: ``StoreError/uploadExpired`` when the upload has been doomed meanwhile.
  func finishUpload(_ place: BlobPlace) throws -> BlobRecord

  /// Dooms an upload that failed.
  func abandonUpload(_ place: BlobPlace) throws

  /// Dooms named blobs that nothing refers to, and uploads, when nothing has touched them for
  /// `gracePeriod` seconds.
  /// - Returns: The blobs that had a name.
  func doomBlobs(olderThan gracePeriod: TimeInterval) throws -> [BlobRecord]

  /// Some of the doomed places, at most `limit`.
  func doomedPlaces(limit: Int) throws -> [BlobPlace]

  /// Forgets doomed places whose bytes are gone.
  func forgetDoomed(_ places: [BlobPlace]) throws

  /// Those of `places` that have no row.
  func unknownPlaces(among places: [BlobPlace]) throws -> [BlobPlace]
}
