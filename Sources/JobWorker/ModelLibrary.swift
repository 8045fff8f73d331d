import Datasets
import Digests
import Foundation
import JobContract
import ModelFormats
import Store
import Synchronization

/// Base models and data sets as jobs need them, decoded once. At most two of each stay in memory.
package final class ModelLibrary: Sendable {
  private static let capacity = 2
  private let store: any CompleteStore
  /// Where they come from.
  let inputs: JobInputs
  // Held while loading: two jobs that want one data set must not read it twice. Whoever only wants a
  // model does not wait for a data set.
  private let models = Mutex<[(digest: SHA256Digest, model: DenseModel)]>([])
  private let datasets = Mutex<[(record: DatasetRecord, dataset: ImageDataset)]>([])

  /// An empty library.
  /// - Parameter cache: Where this machine keeps what was fetched from far; nil keeps nothing.
  package init(store: any CompleteStore, cache: (any InputCache)? = nil) {
    self.store = store
    inputs = JobInputs(store: store, cache: cache)
  }

  /// The dense model behind a record.
  package func model(_ record: BaseModelRecord) throws -> DenseModel {
    try models.withLock { models in
      if let found = models.first(where: { $0.digest == record.blob }) {
        return found.model
      }
      let model = try DenseModel(data: inputs.file(record))
      models = [(record.blob, model)] + models.prefix(Self.capacity - 1)
      return model
    }
  }

  /// Lets go of a data set in memory, whose files turned out to be damaged: it is read and compared again.
  package func forgetDataset(_ name: String) {
    datasets.withLock { $0.removeAll { $0.record.name == name } }
  }

  /// The data set behind a record, see `DatasetRecord.verify(_:checkCancellation:)`.
  package func dataset(
    _ record: DatasetRecord, checkCancellation: @escaping () throws -> Void = {}
  ) throws -> ImageDataset {
    try datasets.withLock { datasets in
      // By all three: an operator may remove one and register another under its name, or move it.
      if let found = datasets.first(where: {
        $0.record.name == record.name && $0.record.digest == record.digest
          && $0.record.path == record.path
      }) {
        return found.dataset
      }
      let (dataset, renewed) = try inputs.withFiles(
        of: record,
        checkCancellation: {
          // What these hold in the cache may be the room that is waited for.
          datasets.removeAll()
          try checkCancellation()
        }, isDamage: IsolatedFailure.saysDamage
      ) { path, hold in
        let loaded = try record.load(at: path)
        let dataset = hold.map { loaded.holding($0) } ?? loaded
        return (dataset, try record.verify(dataset, checkCancellation: checkCancellation))
      }
      // The times of what was fetched are this machine's own.
      if let renewed, record.manifest == nil {
        do { _ = try store.addDataset(renewed) } catch StoreError.nameTaken {
          // It was moved meanwhile: where to is read next time.
        }
      }
      datasets = [(record, dataset)] + datasets.prefix(Self.capacity - 1)
      return dataset
    }
  }
}

extension DatasetRecord {
  /// Checks that a data set's files are still the registered ones: of pictures in files by names, sizes
  /// and times of modification, which is quick; when those differ, and for all other formats, by content.
  /// What `checkCancellation` throws ends the reading.
  /// - Returns: The record for files that were copied or touched but have the same content, so that the
  ///   next start need not read them again.
  func verify(
    _ dataset: ImageDataset, checkCancellation: @escaping () throws -> Void
  ) throws -> DatasetRecord? {
    if let fingerprint, fingerprint == dataset.fingerprint { dataset.trust(digest) }
    guard try dataset.digest(checkCancellation: checkCancellation) == digest else {
      throw JobError.datasetChanged(name: name, path: path)
    }
    guard dataset.fingerprint != fingerprint else { return nil }
    var renewed = self
    renewed.fingerprint = dataset.fingerprint
    return renewed
  }
}
