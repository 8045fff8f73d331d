import Digests
import Foundation
import Store

/// Data sets whose files are gone for a while: a disk that is not mounted, a folder that was moved. Their
/// jobs wait, as all do while the disk is full; files that are there and wrong fail a job.
package enum MissingData {
  /// Registered data sets with nothing at their path. One look at each path.
  /// - Throws: `StoreError`.
  package static func datasets(in store: some ModelCatalog) throws -> [DatasetRecord] {
    try store.datasets().map(\.record).filter { !isThere($0) }
  }

  /// Whether the data set of a base model is missing.
  /// - Throws: `StoreError`.
  package static func holds(_ baseModel: String, in store: some ModelCatalog) throws -> Bool {
    let dataset = try store.dataset(store.baseModel(baseModel).record.dataset).record
    return !isThere(dataset)
  }

  /// Whether a blob that the store knows has no bytes. One look.
  /// - Throws: `StoreError`.
  package static func lacksBytes(of blob: SHA256Digest, in store: some BlobStore) throws -> Bool {
    do {
      let reader = try store.open(blob)
      try reader.stream(0..<min(1, reader.size)) { _ in }
      return false
    } catch StoreError.notFound(.blob, _) {
      // Or it was collected just now.
      return try store.blob(blob) != nil
    }
  }

  /// What a server that is ready says of the default base model, whose bytes an object store may have lost:
  /// the jobs of requests that name none fail then.
  /// - Throws: `StoreError`.
  package static func note(ofDefaultBaseModelIn store: some CompleteStore) throws -> String {
    guard store.bytesCondition != .inDatabase, let name = try store.defaultBaseModel(),
      try lacksBytes(of: store.baseModel(name).record.blob, in: store)
    else { return "" }
    return
      "; the bytes of the default base model are missing in the object store (--objects): restore them "
      + "from a copy, or its jobs fail"
  }

  /// Files that are blobs are where the store is.
  private static func isThere(_ dataset: DatasetRecord) -> Bool {
    dataset.manifest != nil || isThere(dataset.path)
  }

  /// A file, or a folder that holds something: what a disk was mounted on is there and empty.
  private static func isThere(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return false }
    guard isFolder.boolValue else { return true }
    // Not FileManager's list: of a folder of many pictures one name is enough.
    guard let folder = opendir(path) else { return false }
    defer { closedir(folder) }
    // Beside the folder itself and the one above it.
    for _ in 0..<3 where readdir(folder) == nil { return false }
    return true
  }
}
