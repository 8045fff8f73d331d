import Datasets
import Testing

@Suite struct NormalizationTests {
  /// Three channels, of which the last is constant.
  private func dataset() throws -> ImageDataset {
    func part(_ labels: [Int], _ offset: Int) throws -> LabelledImages {
      var pixels: [UInt8] = []
      for image in labels.indices {
        for channel in 0..<3 {
          for pixel in 0..<6 {
            let value = (image &* 37 &+ pixel &* 11 &+ offset) & 0xff
            pixels.append(channel == 2 ? 77 : UInt8(channel == 0 ? value : value / 3))
          }
        }
      }
      return try LabelledImages(
        channels: 3, height: 2, width: 3, pixels: pixels, labels: labels, source: "memory")
    }
    return try ImageDataset(
      name: "colour", classes: ["a", "b"], training: part((0..<60).map { $0 % 2 }, 0),
      test: part([0, 1], 99))
  }

  @Test func isTheMeanAndDeviationOfTheTrainingSplitAlone() throws {
    let dataset = try dataset()
    let images = try #require(dataset.images(.training))
    let found = try Normalization(trainingSplitOf: dataset)
    let used = (0..<2).flatMap { dataset.indices(.training, ofClass: $0) }
    #expect(used.count == 54)
    for channel in 0..<2 {
      let values = used.flatMap { image in
        (0..<6).map { Double(images.pixels[image * 18 + channel * 6 + $0]) / 255 }
      }
      let mean = values.reduce(0, +) / Double(values.count)
      let variance =
        values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      #expect(abs(Double(found.mean[channel]) - mean) < 1e-6)
      #expect(abs(Double(found.standardDeviation[channel]) - variance.squareRoot()) < 1e-6)
    }
  }

  @Test func aConstantChannelIsNotScaled() throws {
    let found = try Normalization(trainingSplitOf: dataset())
    #expect(found.mean[2] == 77.0 / 255)
    #expect(found.standardDeviation[2] == 1)
  }
}
