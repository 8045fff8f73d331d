import Dispatch
import Randomness
import Synchronization

/// How pixels become network input: (pixel / 255 − mean) / deviation, per channel.
public struct Normalization: Sendable, Hashable {
  /// Per channel, of pixels scaled to 0…1.
  public let mean: [Float]
  /// Per channel, of pixels scaled to 0…1.
  public let standardDeviation: [Float]

  /// Statistics as given; one entry per channel.
  public init(mean: [Float], standardDeviation: [Float]) {
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// Pictures in files whose statistics stand for all of them: more would not change the third
  /// digit.
  static let sampleSize = 2000

  /// The statistics of the training split, the images that a model may know: of all images in
  /// memory, of a seeded sample of pictures in files, as a model of that `geometry` sees them.
  /// Throws when pictures have no common size and no geometry is given, and when none of the sample
  /// can be decoded.
  public init(trainingSplitOf dataset: ImageDataset, geometry: InputGeometry? = nil)
    throws(DatasetError)
  {
    guard let geometry = geometry ?? dataset.imageShape.map({ InputGeometry(shape: $0) }) else {
      throw .malformed(
        file: dataset.name, reason: "its pictures have their own sizes and no input size is given")
    }
    let shape = geometry.shape
    var indices = dataset.classes.indices.flatMap { dataset.indices(.training, ofClass: $0) }
    if dataset.imageShape == nil {
      var generator = SeededGenerator(seed: 0, stream: "normalization sample")
      generator.shuffle(&indices)
      indices = Array(indices.prefix(Self.sampleSize))
    }
    let source = dataset.source(.training)
    let images = DecodePool.map(indices.count) { [indices] position -> ChannelSums? in
      do throws(DatasetError) {
        return ChannelSums(try source.planes(indices[position], geometry), shape)
      } catch {
        dataset.skipLog.add(.training, indices[position], error)
        return nil
      }
    }.compactMap { $0 }
    guard !images.isEmpty else {
      throw dataset.skippedImages.example ?? .emptySplit(folder: dataset.name)
    }
    let n = Double(images.count * shape.height * shape.width)
    var mean: [Float] = []
    var deviation: [Float] = []
    for channel in 0..<shape.channels {
      let sum = images.reduce(0.0) { $0 + Double($1.sums[channel]) }
      let square = images.reduce(0.0) { $0 + Double($1.squares[channel]) }
      mean.append(Float(sum / n / 255))
      let variance = square / n - (sum / n) * (sum / n)
      // A constant channel has nothing to scale.
      deviation.append(variance > 0 ? Float(variance.squareRoot() / 255) : 1)
    }
    self.mean = mean
    standardDeviation = deviation
  }
}

/// One image's part of the statistics; integers keep it exact.
private struct ChannelSums {
  private(set) var sums: [Int] = []
  private(set) var squares: [Int] = []

  init(_ planes: ArraySlice<UInt8>, _ shape: ImageShape) {
    let plane = shape.height * shape.width
    for channel in 0..<shape.channels {
      let start = planes.startIndex + channel * plane
      var sum = 0
      var square = 0
      for value in planes[start..<start + plane] {
        sum += Int(value)
        square += Int(value) * Int(value)
      }
      sums.append(sum)
      squares.append(square)
    }
  }
}
