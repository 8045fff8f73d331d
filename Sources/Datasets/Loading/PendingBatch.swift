import Dispatch
import Synchronization

/// A batch that is being made.
struct PendingBatch: Sendable {
  /// One network input; nil for a picture that had to be left out.
  typealias Image = Result<[Float]?, DatasetError>

  private final class Slots: Sendable {
    let images: Mutex<[Image?]>
    init(count: Int) { images = Mutex([Image?](repeating: nil, count: count)) }
  }

  private let finish: @Sendable () throws(DatasetError) -> Batch

  /// A batch that is made when it is asked for.
  init(_ finish: @escaping @Sendable () throws(DatasetError) -> Batch) { self.finish = finish }

  /// Starts to make one image per label on a pool's threads.
  init(
    labels: [Int], imageSize: Int, pool: DecodePool, image: @escaping @Sendable (Int) -> Image
  ) {
    let slots = Slots(count: labels.count)
    let group = pool.submit(labels.count) { index in
      let made = image(index)
      slots.images.withLock { $0[index] = made }
    }
    finish = { () throws(DatasetError) in
      group.wait()
      var images: [Float] = []
      images.reserveCapacity(labels.count * imageSize)
      var kept: [Int] = []
      for (label, made) in zip(labels, slots.images.withLock { $0 }) {
        guard let values = try made?.get() else { continue }
        images.append(contentsOf: values)
        kept.append(label)
      }
      return Batch(images: images, labels: kept)
    }
  }

  /// Waits for the batch. Pictures that were left out are missing from it; of several errors the
  /// first in order is thrown, whichever came first in time.
  func batch() throws(DatasetError) -> Batch { try finish() }
}
