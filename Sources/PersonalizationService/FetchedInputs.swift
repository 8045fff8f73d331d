import Digests
import Foundation
import JobContract
import ObjectStore
import Store

/// Base models and data sets of an object store as files of this machine.
final class FetchedInputs: InputCache {
  private let cache: BlobCache

  /// - Throws: `StoreError`.
  init(_ place: ObjectPlace) throws {
    cache = try Self.neutrally { try BlobCache(folder: place.cache, capacity: place.cacheBytes) }
  }

  func bytes(_ reader: BlobReader) throws -> Data {
    try Self.neutrally {
      let entry = try cache.entry(reader)
      return try withExtendedLifetime(entry) {
        try Data(contentsOf: URL(fileURLWithPath: entry.path))
      }
    }
  }

  func folder(
    _ digest: SHA256Digest, size: Int64, checkCancellation: () throws -> Void,
    fill: (_ path: String) throws -> Void
  ) throws -> (path: String, hold: any AnyObject & Sendable) {
    try Self.neutrally {
      let entry = try cache.folder(digest, size: size, wait: checkCancellation, fill: fill)
      return (entry.path, entry)
    }
  }

  private static func neutrally<Value>(_ body: () throws -> Value) throws -> Value {
    do { return try body() } catch let error as ObjectStoreError {
      switch error {
      case .fetchedDamaged(let digest): throw StoreError.blobCorrupt(digest)
      case .cacheFull(_, let needed, let capacity):
        throw StoreError.invalidValue(
          field: "--cache-bytes",
          reason: "has no room for \(needed) bytes that a job needs, of \(capacity) in all")
      default: throw StoreError.failed(reason: error.description)
      }
    }
  }
}
