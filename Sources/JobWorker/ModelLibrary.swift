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
  // Held while loading: two jobs that want one data set must not read it twice. Whoever only wants a
  // model does not wait for a data set.
  private let models = Mutex<[(digest: SHA256Digest, model: DenseModel)]>([])
  private let datasets = Mutex<[(name: String, dataset: ImageDataset)]>([])

  /// An empty library.
  package init(store: any CompleteStore) { self.store = store }

  /// The dense model behind a record.
  package func model(_ record: BaseModelRecord) throws -> DenseModel {
    try models.withLock { models in
      if let found = models.first(where: { $0.digest == record.blob }) {
        return found.model
      }
      let reader = try store.open(record.blob)
      let data = try reader.read(offset: 0, length: Int(reader.size))
      let model = try DenseModel(data: data)
      models = [(record.blob, model)] + models.prefix(Self.capacity - 1)
      return model
    }
  }

  /// The data set behind a record, see `DatasetRecord.verified(checkCancellation:)`.
  package func dataset(
    _ record: DatasetRecord, checkCancellation: @escaping () throws -> Void = {}
  ) throws -> ImageDataset {
    try datasets.withLock { datasets in
      if let found = datasets.first(where: { $0.name == record.name }) {
        return found.dataset
      }
      let (dataset, renewed) = try record.verified(checkCancellation: checkCancellation)
      if let renewed { _ = try store.addDataset(renewed) }
      datasets = [(record.name, dataset)] + datasets.prefix(Self.capacity - 1)
      return dataset
    }
  }
}

extension DatasetRecord {
  /// The data set, after a check that its files are still the registered ones: of pictures in files by
  /// names, sizes and times of modification, which is quick; when those differ, and for all other formats,
  /// by content. What `checkCancellation` throws ends the reading.
  /// - Returns: With it the record for files that were copied or touched but have the same content, so that
  ///   the next start need not read them again.
  func verified(checkCancellation: @escaping () throws -> Void) throws -> (
    dataset: ImageDataset, renewed: DatasetRecord?
  ) {
    let dataset = try load()
    if let fingerprint, fingerprint == dataset.fingerprint { dataset.trust(digest) }
    guard try dataset.digest(checkCancellation: checkCancellation) == digest else {
      throw JobError.datasetChanged(name: name, path: path)
    }
    guard dataset.fingerprint != fingerprint else { return (dataset, nil) }
    var renewed = self
    renewed.fingerprint = dataset.fingerprint
    return (dataset, renewed)
  }
}
