import Datasets
import Digests
import Foundation
import Store

/// Keeps on this machine what was fetched from far: base models and the files of data sets. Bounded, and
/// compared with its digest.
package protocol InputCache: Sendable {
  /// The bytes of a blob.
  /// - Throws: `StoreError`, what reading the blob throws.
  func bytes(_ reader: BlobReader) throws -> Data

  /// The folder that a blob stands for, which stays as long as `hold`.
  /// - Parameters:
  ///   - size: Bytes of its files.
  ///   - checkCancellation: What it throws ends waiting for room.
  ///   - fill: Fills an empty folder.
  /// - Throws: `StoreError`, what the closures throw.
  func folder(
    _ digest: SHA256Digest, size: Int64, checkCancellation: () throws -> Void,
    fill: (_ path: String) throws -> Void
  ) throws -> (path: String, hold: any AnyObject & Sendable)

  /// Removes the folder that a blob stands for: its files are damaged.
  /// - Throws: ``StoreError/cacheUnusable(path:reason:)`` while others use it.
  func forget(_ digest: SHA256Digest) throws
}

/// What jobs begin with: base models' files and data sets, wherever they are.
package struct JobInputs: Sendable {
  private let store: any CompleteStore
  private let cache: (any InputCache)?

  /// - Parameter cache: nil takes data sets at their paths only.
  package init(store: any CompleteStore, cache: (any InputCache)?) {
    self.store = store
    self.cache = cache
  }

  /// The file of a base model.
  /// - Throws: `StoreError`.
  package func file(_ record: BaseModelRecord) throws -> Data {
    let reader = try store.open(record.blob)
    return try cache?.bytes(reader) ?? reader.read(offset: 0, length: Int(clamping: reader.size))
  }

  /// The data set behind a record, perhaps fetched first: its files stay while anyone has it. The class
  /// names are the registered ones: a labels file was needed once only.
  /// - Throws: `DatasetError`, `StoreError`, what `checkCancellation` throws.
  package func dataset(
    _ record: DatasetRecord, checkCancellation: () throws -> Void = {}
  ) throws -> ImageDataset {
    let (path, hold) = try place(of: record, checkCancellation: checkCancellation)
    let dataset = try record.load(at: path)
    return hold.map { dataset.holding($0) } ?? dataset
  }

  /// Does something with the files of a data set at a path of this machine; once more, with files that were
  /// fetched anew, when it finds fetched ones damaged: a disk may have lost what was right when it was written.
  /// - Parameters:
  ///   - isDamage: Whether an error of `body` says so.
  ///   - body: Gets the path, and what keeps the files there.
  /// - Throws: `StoreError`, what the closures throw.
  package func withFiles<Value>(
    of record: DatasetRecord, checkCancellation: () throws -> Void,
    isDamage: (any Error) -> Bool,
    _ body: (_ path: String, _ hold: (any AnyObject & Sendable)?) throws -> Value
  ) throws -> Value {
    func attempt() throws -> Value {
      let (path, hold) = try place(of: record, checkCancellation: checkCancellation)
      return try withExtendedLifetime(hold) { try body(path, hold) }
    }
    guard let digest = record.manifest, let cache else { return try attempt() }
    do { return try attempt() } catch let error where isDamage(error) {
      try cache.forget(digest)
      return try attempt()
    }
  }

  /// Where the files of a data set are on this machine, perhaps fetched first. They stay as long as `hold`.
  /// - Throws: `StoreError`, what `checkCancellation` throws.
  package func place(
    of record: DatasetRecord, checkCancellation: () throws -> Void
  ) throws -> (path: String, hold: (any AnyObject & Sendable)?) {
    guard let digest = record.manifest else { return (record.path, nil) }
    guard let cache else {
      throw StoreError.bytesUnavailable(
        reason: "the data set '\(record.name)' is in an object store: give --objects")
    }
    let manifest = try StoredDataset.manifest(digest, in: store)
    let (folder, hold) = try cache.folder(
      digest, size: manifest.size, checkCancellation: checkCancellation
    ) { folder in
      try StoredDataset.unpack(
        manifest, from: store, into: folder, checkCancellation: checkCancellation)
    }
    return (manifest.path(in: folder), hold)
  }
}

extension DatasetRecord {
  /// The data set, its files at the registered path or at another one.
  package func load(at path: String? = nil) throws(DatasetError) -> ImageDataset {
    try DatasetCatalog.load(
      path: path ?? self.path, name: name, format: DatasetFormat(rawValue: format),
      classes: .given(classes))
  }
}
