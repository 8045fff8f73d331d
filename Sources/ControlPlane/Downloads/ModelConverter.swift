import Foundation
import ModelFormats
import ONNXModels
import Store

/// Makes a model's other formats when they are first asked for, and keeps them as blobs: equal
/// models give equal bytes, and a file's tag stays what it was.
package struct ModelConverter: Sendable {
  private let store: any CompleteStore

  /// A converter over a store.
  package init(store: any CompleteStore) { self.store = store }

  /// The bytes of a model in a format, if they have been made.
  static func known(_ model: ModelRecord, as format: ModelFormat) -> BlobRecord? {
    if format == .crisp { return model.blob }
    return model.files.first { $0.name == format.rawValue }?.blob
  }

  /// Makes them. It takes long, and the memory of a dense model.
  /// - Throws: ``StoreError``, `FormatError`, `ONNXError`.
  func convert(_ model: ModelRecord, to format: ModelFormat) throws -> BlobRecord {
    // Whoever had the turn before may have wanted the same.
    if let blob = Self.known(try store.model(model.id), as: format) { return blob }
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
