import Foundation
import ObjectStore

/// Where the bytes of blobs and data sets are that are not in the database, and what of them this machine
/// keeps.
public struct ObjectPlace: Sendable {
  /// What has them.
  public var store: ObjectStore
  /// A folder for what was fetched; is made when it is not there.
  public var cache: String
  /// Bytes that it holds at most.
  public var cacheBytes: Int64

  /// Bytes that the folder holds unless something else is said.
  public static let defaultCacheBytes: Int64 = 16 << 30

  /// - Parameters:
  ///   - cache: nil takes one among the system's temporary files.
  public init(store: ObjectStore, cache: String?, cacheBytes: Int64 = defaultCacheBytes) {
    self.store = store
    self.cache =
      (cache ?? FileManager.default.temporaryDirectory.appending(path: "crisp-\(getuid())").path)
      + "/fetched"
    self.cacheBytes = cacheBytes
  }
}
