import Dispatch
import Foundation
import JobContract
import ModelFormats
import ONNXModels
import Store
import Synchronization

/// Makes a model's other formats when they are first asked for, and keeps them as blobs: equal
/// models give equal bytes, and a file's tag stays what it was.
///
/// One conversion at a time, since each takes the memory of a dense model. A few requests may wait
/// for their turn; more would take the workers from requests that have nothing to do with it.
package final class ModelConverter: Sendable {
  private static let maxWaiting = 3
  private static let patience = DispatchTimeInterval.seconds(20)

  private let store: SQLiteStore
  private let turn = DispatchSemaphore(value: 1)
  private let waiting = Atomic<Int>(0)

  /// A converter that has nothing to do yet.
  package init(store: SQLiteStore) { self.store = store }

  /// The bytes of a model in a format.
  /// - Throws: ``ServiceError/conversionsBusy``, ``StoreError``.
  func blob(of model: ModelRecord, as format: ModelFormat) throws -> BlobRecord {
    if format == .crisp { return model.blob }
    if let file = model.files.first(where: { $0.name == format.rawValue }) { return file.blob }
    let ahead = waiting.wrappingAdd(1, ordering: .relaxed).oldValue
    defer { waiting.wrappingSubtract(1, ordering: .relaxed) }
    guard ahead <= Self.maxWaiting, turn.wait(timeout: .now() + Self.patience) == .success else {
      throw ServiceError.conversionsBusy
    }
    defer { turn.signal() }
    // Whoever had the turn before may have wanted the same.
    let files = try store.model(model.id).files
    if let file = files.first(where: { $0.name == format.rawValue }) { return file.blob }
    let blob = try store.put(converted(model, to: format))
    return try store.addFile(
      NewModelFile(name: format.rawValue, blob: blob.digest, mediaType: format.mediaType),
      to: model.id
    ).blob
  }

  private func converted(_ model: ModelRecord, to format: ModelFormat) throws -> Data {
    let reader = try store.open(model.blob.digest)
    let data = try reader.read(offset: 0, length: Int(reader.size))
    if format == .crisp { return data }
    let packed = try PackedModel(data: data)
    return format == .onnx
      ? try ONNXExport.data(packed) : try StateDict(packed).serialized()
  }
}
