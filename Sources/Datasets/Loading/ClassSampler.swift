import Randomness

/// An endless, seeded stream of training batches in which class c has share π_c (crisp.md,
/// "Saliency": samples are drawn so that the profile's distribution holds).
///
/// Within a class, images come without repetition until all were seen; then a new shuffle begins.
/// Over any stretch of the stream the count of a class is within one of its share.
public struct ClassSampler: Sendable {
  private let loader: BatchLoader
  private let split: Split
  private let shares: [Double]
  private let augmentation: Augmentation
  private var generator: SeededGenerator
  private var queues: [[Int]]
  private var owed: [Double]

  /// `weights` are positive and need not sum to one. Throws when a class has no image.
  public init(
    loader: BatchLoader, split: Split = .training, weights: [Double],
    augmentation: Augmentation, seed: UInt64, stream: String
  ) throws(DatasetError) {
    let total = weights.reduce(0, +)
    guard weights.count == loader.classCount, total.isFinite, weights.allSatisfy({ $0 > 0 }) else {
      throw .malformed(
        file: "class weights",
        reason: "each of the \(loader.classCount) classes needs a positive one")
    }
    for (label, count) in loader.counts(split).enumerated() where count == 0 {
      throw .emptyClass("#\(label)", split: split.rawValue)
    }
    self.loader = loader
    self.split = split
    self.augmentation = augmentation
    shares = weights.map { $0 / total }
    generator = SeededGenerator(seed: seed, stream: stream)
    queues = weights.map { _ in [] }
    owed = weights.map { _ in 0 }
  }

  /// The next `size` images.
  public mutating func next(_ size: Int) -> Batch {
    var samples: [BatchLoader.Sample] = []
    samples.reserveCapacity(size)
    for _ in 0..<max(0, size) {
      // The class that is furthest behind its share comes next; ties go to the lower label.
      var chosen = 0
      for label in shares.indices {
        owed[label] += shares[label]
        if owed[label] > owed[chosen] { chosen = label }
      }
      owed[chosen] -= 1
      if queues[chosen].isEmpty {
        queues[chosen] = loader.indices(split, label: chosen)
        generator.shuffle(&queues[chosen])
      }
      samples.append(BatchLoader.Sample(label: chosen, image: queues[chosen].removeLast()))
    }
    generator.shuffle(&samples)
    return loader.batch(
      samples[...], split: split, augmentation: augmentation, generator: &generator)
  }
}
