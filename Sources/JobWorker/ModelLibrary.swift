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
  private let inputs: JobInputs
  // Held while loading: two jobs that want one data set must not read it twice. Whoever only wants a
  // model does not wait for a data set.
  private let models = Mutex<[(digest: SHA256Digest, model: DenseModel)]>([])
  private let datasets = Mutex<[(digest: SHA256Digest, name: String, dataset: ImageDataset)]>([])

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

  /// The data set behind a record, after a check that its files are still the registered ones: of
  /// pictures in files by names, sizes and times of modification, which is quick; when those differ,
  /// and for all other formats, by content. What `checkCancellation` throws ends the reading.
  package func dataset(
    _ record: DatasetRecord, checkCancellation: @escaping () throws -> Void = {}
  ) throws -> ImageDataset {
    try datasets.withLock { datasets in
      // By both: an operator may remove one and register another under its name.
      if let found = datasets.first(where: { $0.name == record.name && $0.digest == record.digest })
      {
        return found.dataset
      }
      let dataset = try inputs.dataset(record, checkCancellation: checkCancellation)
      if let known = record.fingerprint, known == dataset.fingerprint {
        dataset.trust(record.digest)
      }
      guard try dataset.digest(checkCancellation: checkCancellation) == record.digest else {
        throw JobError.datasetChanged(name: record.name, path: record.path)
      }
      if dataset.fingerprint != record.fingerprint {
        // Copied or touched, but the same content: the next start need not read it again.
        var renewed = record
        renewed.fingerprint = dataset.fingerprint
        _ = try store.addDataset(renewed)
      }
      datasets = [(record.digest, record.name, dataset)] + datasets.prefix(Self.capacity - 1)
      return dataset
    }
  }
}
