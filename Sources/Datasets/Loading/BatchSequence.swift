/// A pass over images in a fixed order. Pictures in files are decoded a few batches ahead.
public struct BatchSequence: Sequence, Sendable {
  let loader: BatchLoader
  let batchSize: Int
  let order: BatchLoader.Order

  /// A pass of its own.
  public func makeIterator() -> Iterator { Iterator(sequence: self) }

  /// One pass.
  public struct Iterator: IteratorProtocol {
    private let sequence: BatchSequence
    private var position = 0
    private var pending: [PendingBatch] = []

    init(sequence: BatchSequence) { self.sequence = sequence }

    /// The next batch that holds an image.
    public mutating func next() -> Batch? {
      while true {
        while pending.count <= sequence.loader.batchesAhead, let next = start() {
          pending.append(next)
        }
        guard !pending.isEmpty else { return nil }
        // Only replacements can run out, and a pass replaces nothing.
        if let batch = try? pending.removeFirst().batch(), batch.count > 0 { return batch }
      }
    }

    private mutating func start() -> PendingBatch? {
      let samples = sequence.order.samples
      guard position < samples.count else { return nil }
      let end = position + Swift.min(sequence.batchSize, samples.count - position)
      var order = sequence.order
      order.samples = Array(samples[position..<end])
      position = end
      return sequence.loader.prepare(order)
    }
  }
}
