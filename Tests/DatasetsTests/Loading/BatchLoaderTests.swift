import Datasets
import Testing

@Suite struct BatchLoaderTests {
  private func colourDataset() throws -> ImageDataset {
    func part(_ labels: [Int]) throws -> LabelledImages {
      try LabelledImages(
        channels: 3, height: 2, width: 2,
        pixels: (0..<labels.count * 12).map { UInt8(truncatingIfNeeded: $0 &* 53 &+ 7) },
        labels: labels, source: "memory")
    }
    return try ImageDataset(
      name: "colour", classes: ["a", "b", "c"], training: part((0..<45).map { $0 % 3 }),
      test: part([2, 1, 0, 2]))
  }

  private let normalization = Normalization(
    mean: [0.5, 0.25, 0.1], standardDeviation: [0.2, 0.3, 0.4])

  @Test func pixelsAreNormalisedByChannel() throws {
    let dataset = try colourDataset()
    let loader = try BatchLoader(
      dataset: dataset, classes: [0, 1, 2], normalization: normalization)
    let images = try #require(dataset.images(.training))
    let batches = Array(loader.sequential(.training, batchSize: 7))
    let values = batches.flatMap(\.images)
    let order = (0..<3).flatMap { dataset.indices(.training, ofClass: $0) }
    #expect(values.count == order.count * 12)
    for (position, image) in order.enumerated() {
      for channel in 0..<3 {
        for pixel in 0..<4 {
          let raw = Float(images.pixels[image * 12 + channel * 4 + pixel])
          let expected =
            (raw / 255 - normalization.mean[channel]) / normalization.standardDeviation[channel]
          #expect(values[position * 12 + channel * 4 + pixel] == expected)
        }
      }
    }
  }

  /// A user with classes c and a sees labels 0 and 1.
  @Test func labelsCountAlongTheClassesOfTheModel() throws {
    let dataset = try TestData.numbered([20, 30, 40], test: 3)
    let loader = try BatchLoader(
      dataset: dataset, classes: [2, 0], normalization: TestData.plain)
    #expect(loader.classCount == 2)
    for split in Split.allCases {
      let batches = Array(loader.sequential(split, batchSize: 4))
      let (second, first) = (
        dataset.indices(split, ofClass: 0), dataset.indices(split, ofClass: 2)
      )
      #expect(batches.flatMap(TestData.numbers) == first + second)
      #expect(
        batches.flatMap(\.labels)
          == [Int](repeating: 0, count: first.count) + [Int](repeating: 1, count: second.count))
      #expect(loader.counts(split) == [first.count, second.count])
    }
  }

  @Test(arguments: [(1, 54), (7, 8), (53, 2), (54, 1), (55, 1), (.max, 1), (0, 54), (-5, 54)])
  func batchesHaveTheirSize(_ size: Int, batches expected: Int) throws {
    let dataset = try TestData.numbered([30, 30])
    let loader = try BatchLoader(dataset: dataset, classes: [0, 1], normalization: TestData.plain)
    let batches = Array(loader.sequential(.training, batchSize: size))
    #expect(batches.count == expected)
    #expect(batches.dropLast().allSatisfy { $0.count == max(1, size) })
    #expect(batches.reduce(0) { $0 + $1.count } == 54)
    #expect(batches.allSatisfy { $0.images.count == $0.count * 4 })
  }

  @Test func passesOverTheDataAreEqual() throws {
    let dataset = try TestData.numbered([30, 30])
    let loader = try BatchLoader(dataset: dataset, classes: [0, 1], normalization: TestData.plain)
    let pass = loader.sequential(.validation, batchSize: 4)
    #expect(Array(pass).flatMap(\.images) == Array(pass).flatMap(\.images))
  }

  @Test func statisticsMustFitTheChannels() throws {
    let dataset = try colourDataset()
    for (mean, deviation) in [([0.5], [0.5]), ([0, 0, 0], [1, 1]), ([], [])] as [([Float], [Float])]
    {
      #expect(
        throws: DatasetError.malformed(
          file: "colour",
          reason: "its images have 3 channels; the model's preprocessing has \(mean.count)")
      ) {
        try BatchLoader(
          dataset: dataset, classes: [0],
          normalization: Normalization(mean: mean, standardDeviation: deviation))
      }
    }
  }

  @Test(arguments: [-1, 3, Int.max]) func classesMustExist(_ index: Int) throws {
    let dataset = try colourDataset()
    #expect(
      throws: DatasetError.unknownClass("#\(index)", dataset: dataset.name, suggestions: [])
    ) {
      try BatchLoader(dataset: dataset, classes: [0, index], normalization: normalization)
    }
  }
}
