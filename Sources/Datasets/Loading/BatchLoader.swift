import Cores
import Foundation
import NeuralGraph
import Randomness

/// Makes batches of the classes a model answers. Labels count along `classes`, so the classifier
/// of a user with three classes sees labels 0, 1, 2.
///
/// Pictures in files are decoded by a few threads, a bounded number of batches ahead; which images
/// a batch holds and what is done to them does not depend on how many threads there are. A picture
/// that cannot be decoded is left out and counted in the data set's `skippedImages`.
public struct BatchLoader: Sendable {
  private let dataset: ImageDataset
  private let classes: [Int]
  private let geometry: InputGeometry
  /// Per channel, the input of each of the 256 pixel values.
  private let tables: [[Float]]
  /// Nil for images in memory, which need no decoding.
  private let pool: DecodePool?

  /// `geometry` is what the model reads; by default it is the images' own size. `decodeThreads` is
  /// for pictures in files: at most, and by default, one a core.
  ///
  /// Throws when a class index is unknown, when the statistics do not fit the channels, when images
  /// in memory have another size than the model's, or when pictures have no common size and none is
  /// given.
  public init(
    dataset: ImageDataset, classes: [Int], normalization: Normalization,
    geometry: InputGeometry? = nil, decodeThreads: Int? = nil
  ) throws(DatasetError) {
    if let own = dataset.imageShape, let wanted = geometry?.shape, own != wanted {
      throw .malformed(
        file: dataset.name, reason: "its images are \(own), the model reads \(wanted)")
    }
    guard let geometry = geometry ?? dataset.imageShape.map({ InputGeometry(shape: $0) }) else {
      throw .malformed(
        file: dataset.name, reason: "its pictures have their own sizes and no input size is given")
    }
    let channels = geometry.shape.channels
    guard normalization.mean.count == channels, normalization.standardDeviation.count == channels
    else {
      throw .malformed(
        file: dataset.name,
        reason: "its images have \(channels) channels; the model's preprocessing has "
          + "\(normalization.mean.count)")
    }
    for index in classes where !dataset.classes.indices.contains(index) {
      throw .unknownClass("#\(index)", dataset: dataset.name, suggestions: [])
    }
    self.dataset = dataset
    self.classes = classes
    self.geometry = geometry
    tables = (0..<channels).map { channel in
      PixelTable.values(
        mean: normalization.mean[channel],
        standardDeviation: normalization.standardDeviation[channel])
    }
    pool =
      dataset.imageShape == nil
      ? DecodePool(threads: decodeThreads ?? Cores.usable) : nil
  }

  /// Number of classes.
  public var classCount: Int { classes.count }

  /// Images of each class in one split.
  public func counts(_ split: Split) -> [Int] {
    classes.map { dataset.indices(split, ofClass: $0).count }
  }

  /// All images of one split in a fixed order, batch by batch, unaugmented; with `mostPerClass` only
  /// the first of each class. Batches with pictures that cannot be decoded are smaller.
  public func sequential(_ split: Split, batchSize: Int, mostPerClass: Int? = nil) -> BatchSequence
  {
    let samples = classes.indices.flatMap { label in
      indices(split, label: label).prefix(max(1, mostPerClass ?? Int.max))
        .map { Sample(label: label, image: $0) }
    }
    return BatchSequence(
      loader: self, batchSize: max(1, batchSize),
      order: Order(samples: samples, split: split, augmentation: .none, replacing: false))
  }

  /// One image of a class in a split, and how it is changed.
  struct Sample {
    let label: Int
    let image: Int
    var draw = Augmentation.Draw.none
  }

  /// Samples of one split and what they become.
  struct Order {
    var samples: [Sample]
    let split: Split
    let augmentation: Augmentation
    /// Whether the next picture of the class takes the place of one that cannot be decoded; else
    /// its place stays empty.
    let replacing: Bool
  }

  func indices(_ split: Split, label: Int) -> [Int] {
    dataset.indices(split, ofClass: classes[label])
  }

  /// Starts to make a batch: pictures in files are decoded in the background, images in memory are
  /// copied when the batch is asked for.
  func prepare(_ order: Order) -> PendingBatch {
    let size = geometry.shape.count
    guard let pool else {
      return PendingBatch { () throws(DatasetError) in
        var images = [Float](repeating: 0, count: order.samples.count * size)
        for (index, sample) in order.samples.enumerated() {
          let planes = try planes(sample.image, order, sample.draw)
          images.withUnsafeMutableBufferPointer { images in
            render(planes, sample.draw, into: images, at: index * size)
          }
        }
        return Batch(images: images, labels: order.samples.map(\.label))
      }
    }
    return PendingBatch(labels: order.samples.map(\.label), imageSize: size, pool: pool) { index in
      Result { () throws(DatasetError) in try decoded(order.samples[index], order) }
    }
  }

  /// Batches that are prepared while another one is used: none of images in memory, which take no
  /// time to speak of; each of the others holds its pictures as network input.
  var batchesAhead: Int { pool == nil ? 0 : 2 }

  private func decoded(_ sample: Sample, _ order: Order) throws(DatasetError) -> [Float]? {
    let candidates = indices(order.split, label: sample.label)
    let first = candidates.firstIndex(of: sample.image) ?? 0
    for step in 0..<(order.replacing ? candidates.count : 1) {
      let image = candidates[(first + step) % candidates.count]
      guard !dataset.skipLog.contains(order.split, image) else { continue }
      do throws(DatasetError) {
        let planes = try planes(image, order, sample.draw)
        var values = [Float](repeating: 0, count: planes.count)
        values.withUnsafeMutableBufferPointer { render(planes, sample.draw, into: $0, at: 0) }
        return values
      } catch {
        dataset.skipLog.add(order.split, image, error)
      }
    }
    guard order.replacing else { return nil }
    throw .malformed(
      file: dataset.name,
      reason: "no image of '\(dataset.classes[classes[sample.label]])' in the "
        + "\(order.split.rawValue) split can be decoded"
        + (dataset.skippedImages.example.map { "; for example: \($0)" } ?? ""))
  }

  private func planes(_ image: Int, _ order: Order, _ draw: Augmentation.Draw)
    throws(DatasetError) -> ArraySlice<UInt8>
  {
    try dataset.source(order.split).planes(image, geometry) { width, height in
      order.augmentation.region(width: width, height: height, draw: draw)
    }
  }

  /// Mirrors, moves, normalises and warps one image; what moves in is black.
  private func render(
    _ planes: ArraySlice<UInt8>, _ draw: Augmentation.Draw,
    into out: UnsafeMutableBufferPointer<Float>, at start: Int
  ) {
    let height = geometry.shape.height
    let width = geometry.shape.width
    let inside = max(0, min(width, draw.dx))..<max(0, min(width, width + draw.dx))
    var scratch = draw.warp == nil ? [] : [Float](repeating: 0, count: height * width)
    planes.withUnsafeBufferPointer { planes in
      for (channel, table) in tables.enumerated() {
        table.withUnsafeBufferPointer { table in
          for y in 0..<height {
            let row = start + (channel * height + y) * width
            let sourceY = y - draw.dy
            guard sourceY >= 0, sourceY < height else {
              for x in 0..<width { out[row + x] = table[0] }
              continue
            }
            let source = (channel * height + sourceY) * width
            for x in 0..<inside.lowerBound { out[row + x] = table[0] }
            for x in inside {
              let sourceX = draw.flipped ? width - 1 - x + draw.dx : x - draw.dx
              out[row + x] = table[Int(planes[source + sourceX])]
            }
            for x in inside.upperBound..<width { out[row + x] = table[0] }
          }
          let first = start + channel * height * width
          draw.warp?.apply(
            to: UnsafeMutableBufferPointer(rebasing: out[first..<first + height * width]),
            height: height, width: width, outside: table[0], scratch: &scratch)
        }
      }
    }
  }
}
