import Randomness

/// An endless, seeded stream of training batches in which class c has share π_c
/// (Documentation/method.md, "Saliency": samples are drawn so that the profile's distribution
/// holds).
///
/// Within a class, images come without repetition until all were seen; then a new shuffle begins.
/// From the start of the stream to the end of any batch, the count of a class is within one of its
/// share (Tijdeman 1980, "The chairman assignment problem").
///
/// Pictures in files are decoded a few batches ahead, in the hope that all batches have one size;
/// where they do not, what was prepared is forgotten and drawn again, so that the stream is the
/// same. A picture that cannot be decoded is replaced by the next of its class that can.
public struct ClassSampler: Sendable {
  /// Where the stream is.
  private struct State {
    var generator: SeededGenerator
    var queues: [[Int]]
    /// How many images each class is behind its share.
    var owed: [Double]
  }

  /// A batch that is prepared, and the stream before it was drawn.
  private struct Ahead {
    let size: Int
    let before: State
    let batch: PendingBatch
  }

  private let loader: BatchLoader
  private let split: Split
  private let shares: [Double]
  private let augmentation: Augmentation
  private var state: State
  private var ahead: [Ahead] = []

  /// `weights` are positive and need not sum to one. Throws when a class has no image.
  public init(
    loader: BatchLoader, split: Split = .training, weights: [Double],
    augmentation: Augmentation, seed: UInt64, stream: String
  ) throws(DatasetError) {
    let total = weights.reduce(0, +)
    guard !weights.isEmpty, weights.count == loader.classCount, total.isFinite,
      weights.allSatisfy({ $0 > 0 })
    else {
      throw .malformed(
        file: "class weights",
        reason: weights.isEmpty
          ? "there must be at least one class"
          : "each of the \(loader.classCount) classes needs a positive one")
    }
    for (label, count) in loader.counts(split).enumerated() where count == 0 {
      throw .emptyClass("#\(label)", split: split.rawValue)
    }
    self.loader = loader
    self.split = split
    self.augmentation = augmentation
    shares = weights.map { $0 / total }
    state = State(
      generator: SeededGenerator(seed: seed, stream: stream), queues: weights.map { _ in [] },
      owed: weights.map { _ in 0 })
  }

  /// The next `size` images. Throws when no picture of a class can be decoded.
  public mutating func next(_ size: Int) throws(DatasetError) -> Batch {
    if let first = ahead.first, first.size != size {
      state = first.before
      ahead = []
    }
    while ahead.count <= loader.batchesAhead {
      let before = state
      ahead.append(Ahead(size: size, before: before, batch: loader.prepare(draw(size))))
    }
    return try ahead.removeFirst().batch.batch()
  }

  private mutating func draw(_ size: Int) -> BatchLoader.Order {
    var samples: [BatchLoader.Sample] = []
    samples.reserveCapacity(max(0, size))
    for _ in 0..<max(0, size) {
      let chosen = nextClass()
      if state.queues[chosen].isEmpty {
        state.queues[chosen] = loader.indices(split, label: chosen)
        state.generator.shuffle(&state.queues[chosen])
      }
      samples.append(
        BatchLoader.Sample(label: chosen, image: state.queues[chosen].removeLast()))
    }
    state.generator.shuffle(&samples)
    for index in samples.indices {
      samples[index].draw = augmentation.draw(from: &state.generator)
    }
    return BatchLoader.Order(
      samples: samples, split: split, augmentation: augmentation, replacing: true)
  }

  /// Tijdeman's rule: of the classes that are far enough behind, the one that would first be a
  /// whole image behind; ties go to the lower label. Taking the one that is furthest behind
  /// instead lets large classes wait while small ones catch up, by more than an image.
  private mutating func nextClass() -> Int {
    let slack = 1 / Double(2 * max(2, shares.count) - 2)
    var chosen = 0
    var earliest = Double.infinity
    for label in shares.indices {
      state.owed[label] += shares[label]
      // In exact arithmetic some class always qualifies; the margin covers rounding.
      guard state.owed[label] >= slack - 1e-6 else { continue }
      let deadline = (1 - slack - state.owed[label]) / shares[label]
      if deadline < earliest {
        earliest = deadline
        chosen = label
      }
    }
    state.owed[chosen] -= 1
    return chosen
  }
}
