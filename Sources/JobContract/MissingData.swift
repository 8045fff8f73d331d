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
