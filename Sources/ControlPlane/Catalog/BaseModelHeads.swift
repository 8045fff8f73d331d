import Digests
import ModelFormats
import Store
import Synchronization

/// What base models are, without their weights: the beginning of a file tells, and is kept.
final class BaseModelHeads: Sendable {
  private static let capacity = 16

  private let store: any CompleteStore
  private let known = Mutex<[(digest: SHA256Digest, head: DenseModelHead)]>([])

  init(store: any CompleteStore) { self.store = store }

  /// Graph, labels and preprocessing of a registered model.
  /// - Throws: `StoreError`, `FormatError`.
  func head(of record: BaseModelRecord) throws -> DenseModelHead {
    let digest = record.blob
    if let found = known.withLock({ $0.first { $0.digest == digest }?.head }) { return found }
    // Outside of the lock: two that read the same at once are no harm, one that waits would be.
    let reader = try store.open(digest)
    let head = try DenseModelHead(fileSize: Int(clamping: reader.size)) { offset, count in
      try reader.read(offset: Int64(offset), length: count)
    }
    known.withLock { known in
      guard !known.contains(where: { $0.digest == digest }) else { return }
      known = [(digest, head)] + known.prefix(Self.capacity - 1)
    }
    return head
  }
}
