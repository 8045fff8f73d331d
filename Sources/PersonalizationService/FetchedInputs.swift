import Digests
import Foundation
import JobContract
import ObjectStore
import Store

/// Base models and data sets of an object store as files of this machine.
package final class FetchedInputs: InputCache {
  private let cache: BlobCache

  /// - Throws: `StoreError`.
  convenience init(_ place: ObjectPlace) throws {
    let cache: BlobCache
    do throws(ObjectStoreError) {
      cache = try BlobCache(folder: place.cache, capacity: place.cacheBytes)
    } catch { throw Self.neutral(error) }
    self.init(cache)
  }

  /// With files in that folder.
  package init(_ cache: BlobCache) { self.cache = cache }

  /// See `InputCache`. They fit in memory in any case: without room for the file, or with a disk that fails,
  /// they are read where they come from.
  package func bytes(_ reader: BlobReader) throws -> Data {
    do {
      let entry = try cache.entry(reader)
      return try withExtendedLifetime(entry) {
        try Data(contentsOf: URL(fileURLWithPath: entry.path))
      }
    } catch let error as StoreError {
      throw error
    } catch ObjectStoreError.fetchedDamaged(let digest) {
      throw StoreError.blobCorrupt(digest)
    } catch {
      return try reader.whole()
    }
  }

  /// See `InputCache`.
  package func folder(
    _ digest: SHA256Digest, size: Int64, checkCancellation: () throws -> Void,
    fill: (_ path: String) throws -> Void
  ) throws -> (path: String, hold: any AnyObject & Sendable) {
    do {
      let entry = try cache.folder(digest, size: size, wait: checkCancellation, fill: fill)
      return (entry.path, entry)
    } catch let error as ObjectStoreError { throw Self.neutral(error) }
  }

  /// See `InputCache`.
  package func forget(_ digest: SHA256Digest) throws {
    guard cache.forgetFolder(digest) else {
      throw StoreError.cacheUnusable(
        path: cache.folder, reason: "the damaged files of \(digest) are in use")
    }
  }

  private static func neutral(_ error: ObjectStoreError) -> StoreError {
    switch error {
    case .fetchedDamaged(let digest): .blobCorrupt(digest)
    case .cacheFull(_, let needed, let capacity):
      .invalidValue(
        field: "--cache-bytes",
        reason: "has no room for \(needed) bytes that a job needs, of \(capacity) in all")
    case .fileUnusable(let path, let reason): .cacheUnusable(path: path, reason: reason)
    default: .failed(reason: error.description)
    }
  }
}
