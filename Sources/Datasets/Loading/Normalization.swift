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

  /// The statistics of the training split, the images that a model may know.
  public init(trainingSplitOf dataset: ImageDataset) {
    let images = dataset.images(.training)
    let plane = images.height * images.width
    var sums = [Double](repeating: 0, count: images.channels)
    var squares = sums
    var count = 0
    for label in dataset.classes.indices {
      for image in dataset.indices(.training, ofClass: label) {
        count += plane
        for channel in 0..<images.channels {
          let start = image * images.imageSize + channel * plane
          // Integers keep the sum exact and the loop fast.
          var sum = 0
          var square = 0
          for value in images.pixels[start..<start + plane] {
            sum += Int(value)
            square += Int(value) * Int(value)
          }
          sums[channel] += Double(sum)
          squares[channel] += Double(square)
        }
      }
    }
    let n = Double(max(count, 1))
    mean = sums.map { Float($0 / n / 255) }
    standardDeviation = zip(sums, squares).map { sum, square in
      let variance = square / n - (sum / n) * (sum / n)
      // A constant channel has nothing to scale.
      return variance > 0 ? Float(variance.squareRoot() / 255) : 1
    }
  }
}
