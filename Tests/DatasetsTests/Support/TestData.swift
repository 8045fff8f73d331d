import Datasets

/// Data sets in memory.
enum TestData {
  /// One channel of 2x2 pixels per image, of which the first two hold the image's index, so that
  /// batches tell which images they hold. Labels go round: 0, 1, 2, 0, 1, …; classes that are full
  /// are skipped.
  static func numbered(_ counts: [Int], test: Int = 2) throws -> ImageDataset {
    var labels: [Int] = []
    var left = counts
    while left.contains(where: { $0 > 0 }) {
      for label in left.indices where left[label] > 0 {
        left[label] -= 1
        labels.append(label)
      }
    }
    return try ImageDataset(
      name: "numbered", classes: counts.indices.map { "class \($0)" },
      training: images(labels: labels),
      test: images(labels: counts.indices.flatMap { [Int](repeating: $0, count: test) }))
  }

  private static func images(labels: [Int]) throws -> LabelledImages {
    try LabelledImages(
      channels: 1, height: 2, width: 2,
      pixels: labels.indices.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff), 0, 0] },
      labels: labels, source: "numbered")
  }

  /// Leaves pixels as they are, up to rounding.
  static let plain = Normalization(mean: [0], standardDeviation: [1.0 / 255])

  /// The indices of the images of `numbered` in a batch.
  static func numbers(_ batch: Batch) -> [Int] {
    (0..<batch.count).map {
      Int(batch.images[$0 * 4].rounded()) << 8 | Int(batch.images[$0 * 4 + 1].rounded())
    }
  }
}
