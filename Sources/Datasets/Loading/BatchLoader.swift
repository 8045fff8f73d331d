import Randomness

/// Makes batches of the classes a model answers. Labels count along `classes`, so the classifier
/// of a user with three classes sees labels 0, 1, 2.
public struct BatchLoader: Sendable {
  private let dataset: ImageDataset
  private let classes: [Int]
  /// Per channel, the input of each of the 256 pixel values.
  private let tables: [[Float]]

  /// Throws when a class index is unknown or the statistics do not fit the images' channels.
  public init(dataset: ImageDataset, classes: [Int], normalization: Normalization)
    throws(DatasetError)
  {
    let channels = dataset.imageShape.channels
    guard normalization.mean.count == channels, normalization.standardDeviation.count == channels
    else {
      throw .malformed(
        file: dataset.name,
        reason: "its images have \(channels) channels; the model's preprocessing has "
          + "\(normalization.mean.count)")
    }
    for index in classes where !dataset.classes.indices.contains(index) {
      throw .unknownClass("#\(index)", suggestions: [])
    }
    self.dataset = dataset
    self.classes = classes
    tables = (0..<channels).map { channel in
      (0..<256).map {
        (Float($0) / 255 - normalization.mean[channel]) / normalization.standardDeviation[channel]
      }
    }
  }

  /// Number of classes.
  public var classCount: Int { classes.count }

  /// Images of each class in one split.
  public func counts(_ split: Split) -> [Int] {
    classes.map { dataset.indices(split, ofClass: $0).count }
  }

  /// All images of one split in a fixed order, batch by batch, unaugmented.
  public func sequential(_ split: Split, batchSize: Int) -> some Sequence<Batch> {
    let samples = classes.indices.flatMap { label in
      dataset.indices(split, ofClass: classes[label]).map { Sample(label: label, image: $0) }
    }
    return stride(from: 0, to: samples.count, by: max(1, batchSize)).lazy.map { start in
      var generator = SeededGenerator(seed: 0)
      return batch(
        samples[start..<min(start + max(1, batchSize), samples.count)], split: split,
        augmentation: .none, generator: &generator)
    }
  }

  /// One image of a class in a split.
  struct Sample {
    let label: Int
    let image: Int
  }

  func indices(_ split: Split, label: Int) -> [Int] {
    dataset.indices(split, ofClass: classes[label])
  }

  func batch(
    _ samples: ArraySlice<Sample>, split: Split, augmentation: Augmentation,
    generator: inout SeededGenerator
  ) -> Batch {
    let images = dataset.images(split)
    let height = images.height
    let width = images.width
    let draws = samples.map { _ in augmentation.draw(from: &generator) }
    let values = [Float](unsafeUninitializedCapacity: samples.count * images.imageSize) {
      buffer, initialized in
      var out = 0
      for (sample, draw) in zip(samples, draws) {
        for channel in 0..<images.channels {
          let table = tables[channel]
          let plane = sample.image * images.imageSize + channel * height * width
          for y in 0..<height {
            let sourceY = y - draw.dy
            for x in 0..<width {
              let shifted = x - draw.dx
              let sourceX = draw.flipped ? width - 1 - shifted : shifted
              let inside =
                sourceY >= 0 && sourceY < height && sourceX >= 0 && sourceX < width
              let pixel = inside ? images.pixels[plane + sourceY * width + sourceX] : 0
              buffer[out] = table[Int(pixel)]
              out += 1
            }
          }
        }
      }
      initialized = out
    }
    return Batch(images: values, labels: samples.map(\.label))
  }
}
