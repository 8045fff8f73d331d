import Datasets
import Testing

/// Batches of pictures in files.
@Suite final class PictureLoadingTests {
  /// Files must last as long as the test that reads them.
  private var kept: [PictureFolder] = []

  private let geometry = InputGeometry(
    shape: ImageShape(channels: 3, height: 6, width: 6), resize: 7)

  private func loader(_ dataset: ImageDataset, threads: Int = 2) throws -> BatchLoader {
    try BatchLoader(
      dataset: dataset, classes: Array(dataset.classes.indices), normalization: .colour,
      geometry: geometry, decodeThreads: threads)
  }

  private func sampler(_ loader: BatchLoader, seed: UInt64 = 1) throws -> ClassSampler {
    try ClassSampler(
      loader: loader, weights: [1, 2], augmentation: .photographs, seed: seed, stream: "training")
  }

  private func pictures(corrupt: [String] = []) throws -> PictureFolder {
    let pictures = try PictureFolder(
      splits: ["train": 20, "val": 6, "test": 4], classes: ["a", "b"])
    for file in corrupt { try pictures.add(file, PictureFolder.corrupt) }
    kept.append(pictures)
    return pictures
  }

  @Test func aPassYieldsWhatTheGeometryMakes() throws {
    let pictures = try pictures()
    let batches = Array(try loader(pictures.load()).sequential(.test, batchSize: 3))
    #expect(batches.map(\.count) == [3, 3, 2])
    #expect(batches.flatMap(\.labels) == [0, 0, 0, 0, 1, 1, 1, 1])
    let expected = try ["a", "b"].flatMap { name in
      try (100..<104).flatMap { index in
        try geometry.planes(file: "\(pictures.path)/test/\(name)/\(index).png")
      }
    }
    #expect(batches.flatMap(\.images).map { UInt8($0.rounded()) } == expected)
  }

  /// Corrupt files among them: replacements do not depend on timing either.
  @Test func batchesDoNotDependOnThreads() throws {
    let dataset = try pictures(corrupt: ["train/a/103.png", "train/b/119.png", "train/b/100.png"])
    func batches(threads: Int) throws -> [Batch] {
      var sampler = try sampler(try loader(dataset.load(), threads: threads))
      return try (0..<12).map { _ in try sampler.next(7) }
    }
    let one = try batches(threads: 1)
    #expect(one.allSatisfy { $0.count == 7 && $0.images.count == 7 * 108 })
    for threads in [2, 5] {
      let other = try batches(threads: threads)
      #expect(other.map(\.images) == one.map(\.images))
      #expect(other.map(\.labels) == one.map(\.labels))
    }
  }

  @Test func theSeedDecides() throws {
    let loader = try loader(pictures().load())
    var (one, same, other) = (
      try sampler(loader), try sampler(loader), try sampler(loader, seed: 2)
    )
    let first = try one.next(8)
    #expect(try same.next(8).images == first.images)
    #expect(try other.next(8).images != first.images)
  }

  /// What was prepared for another batch size is drawn again: preparing ahead cannot be seen.
  @Test func batchSizesMayChange() throws {
    let loader = try loader(pictures().load())
    var changing = try sampler(loader)
    var found: [Batch] = []
    for size in [4, 4, 9, 1, 4] { found.append(try changing.next(size)) }
    // Never asked for two of one size in a row, so nothing that is used was prepared ahead.
    var plain = try sampler(loader)
    for (index, size) in [4, 4, 9, 1, 4].enumerated() {
      var copy = plain
      let batch = try plain.next(size)
      #expect(batch.images == found[index].images && batch.labels == found[index].labels)
      #expect(try copy.next(size).images == batch.images, "a copy goes on by itself")
    }
  }

  @Test func corruptPicturesDoNotCountInEvaluation() throws {
    let dataset = try pictures(corrupt: ["test/a/101.png", "test/b/100.png", "test/b/103.png"])
      .load()
    let loader = try loader(dataset)
    for _ in 0..<2 {
      let labels = loader.sequential(.test, batchSize: 3).flatMap(\.labels)
      #expect(labels == [0, 0, 0, 1, 1])
    }
    // Seen twice, counted once.
    #expect(dataset.skippedImages.counts == [.test: 3])
    let warning = try #require(dataset.skippedImages.warning)
    #expect(warning.contains("3 of the test split") && warning.contains("test/a/101.png"))
  }

  @Test func aWholeBatchOfCorruptPicturesIsLeftOut() throws {
    let dataset = try pictures(corrupt: (100..<104).map { "test/a/\($0).png" }).load()
    let batches = Array(try loader(dataset).sequential(.test, batchSize: 4))
    #expect(batches.map(\.labels) == [[1, 1, 1, 1]])
  }

  @Test func aMissingFileIsSkippedToo() throws {
    let pictures = try pictures()
    let dataset = try pictures.load()
    try pictures.remove("train/a/104.png")
    var sampler = try sampler(try loader(dataset))
    for _ in 0..<10 { #expect(try sampler.next(6).count == 6) }
    #expect(dataset.skippedImages.counts == [.training: 1])
  }

  @Test func aClassWithoutOnePictureIsAnError() throws {
    let dataset = try pictures(corrupt: (100..<120).map { "train/b/\($0).png" }).load()
    var sampler = try sampler(try loader(dataset))
    let error = #expect(throws: DatasetError.self) { try sampler.next(6) }
    #expect(
      try #require(error).description.contains("no image of 'b' in the training split can be"))
  }

  /// A data set is not read ahead of its use: memory does not grow with it.
  @Test func onlyAFewBatchesArePrepared() throws {
    let dataset = try pictures(corrupt: (100..<106).map { "val/b/\($0).png" }).load()
    var pass = try loader(dataset).sequential(.validation, batchSize: 2).makeIterator()
    // Twelve pictures, the last six corrupt: one batch used and two prepared are the first six.
    #expect(pass.next()?.labels == [0, 0])
    #expect(dataset.skippedImages.total == 0)
    while pass.next() != nil {}
    #expect(dataset.skippedImages.total == 6)
  }

  @Test func sizesMustBeKnown() throws {
    let dataset = try pictures().load()
    #expect(throws: DatasetError.self) {
      try BatchLoader(dataset: dataset, classes: [0], normalization: .colour)
    }
    #expect(throws: DatasetError.self) { try Normalization(trainingSplitOf: dataset) }
    let small = try TestData.numbered([10])
    #expect(
      throws: DatasetError.malformed(
        file: "numbered", reason: "its images are 1x2x2, the model reads 3x6x6")
    ) {
      try BatchLoader(
        dataset: small, classes: [0], normalization: .colour, geometry: geometry)
    }
  }

  @Test func statisticsAreOfWhatTheModelSees() throws {
    let pictures = try pictures(corrupt: ["train/a/107.png"])
    let dataset = try pictures.load()
    let found = try Normalization(trainingSplitOf: dataset, geometry: geometry)
    let values = try loader(pictures.load()).sequential(.training, batchSize: 50)
      .flatMap { batch in (0..<batch.count).flatMap { batch.images[$0 * 108..<$0 * 108 + 36] } }
    let mean = values.reduce(0.0) { $0 + Double($1.rounded()) } / Double(values.count) / 255
    #expect(abs(Double(found.mean[0]) - mean) < 1e-5)
    #expect(found.mean.count == 3 && found.standardDeviation.allSatisfy { $0 > 0.05 && $0 < 0.5 })
    #expect(dataset.skippedImages.counts == [.training: 1])
  }

  /// Crops of images in memory come through the same resampling.
  @Test func imagesInMemoryCanBeCropped() throws {
    let images = try LabelledImages(
      channels: 1, height: 8, width: 8, pixels: (0..<64).map { UInt8($0 * 4) }, labels: [0],
      source: "memory")
    let dataset = try ImageDataset(name: "one", classes: ["a"], training: images, test: images)
    let loader = try BatchLoader(dataset: dataset, classes: [0], normalization: TestData.plain)
    var sampler = try ClassSampler(
      loader: loader, weights: [1], augmentation: Augmentation(flip: false, shift: 0, crop: 0.3),
      seed: 3, stream: "crops")
    let batch = try sampler.next(30)
    let views = Set((0..<30).map { Array(batch.images[$0 * 64..<($0 + 1) * 64]) })
    #expect(views.count > 20)
    // Values rise along rows and columns in every part of this picture.
    #expect(views.allSatisfy { view in (1..<64).allSatisfy { view[$0] + 30 > view[$0 - 1] } })
  }
}
