import Datasets
import Digests
import TestSupport
import Testing

@Suite struct ImageDatasetTests {
  /// A tenth of each class, rounded to the nearest image.
  @Test func aTenthOfEachClassIsHeldOut() throws {
    let counts = [100, 20, 34, 36, 4, 1]
    let dataset = try TestData.numbered(counts)
    #expect(dataset.counts(.validation) == [10, 2, 3, 4, 0, 0])
    #expect(dataset.counts(.training) == [90, 18, 31, 32, 4, 1])
    #expect(dataset.counts(.test) == [2, 2, 2, 2, 2, 2])
  }

  @Test func splitsAreDisjointAndCover() throws {
    let dataset = try TestData.numbered([100, 20, 34, 36, 4, 1])
    for label in dataset.classes.indices {
      let training = dataset.indices(.training, ofClass: label)
      let validation = dataset.indices(.validation, ofClass: label)
      #expect(Set(training).isDisjoint(with: validation))
      let labels = try #require(dataset.images(.training)).labels
      #expect((training + validation).sorted() == labels.indices.filter { labels[$0] == label })
      #expect(training == training.sorted() && validation == validation.sorted())
      let test = try #require(dataset.images(.test)).labels
      #expect(dataset.indices(.test, ofClass: label) == test.indices.filter { test[$0] == label })
    }
  }

  /// Universal models are trained on what this leaves: the draw must never change. The numbers
  /// come from a second implementation of the generator.
  @Test func theSplitIsPinned() throws {
    let dataset = try TestData.numbered([40, 40])
    #expect(dataset.indices(.validation, ofClass: 0) == [0, 12, 42, 76])
    #expect(dataset.indices(.validation, ofClass: 1) == [33, 37, 45, 51])
  }

  @Test func theSplitDependsOnlyOnTheLabels() throws {
    let folder = try TemporaryFolder()
    var files = TestFiles()
    try files.write(to: folder)
    let first = try DatasetCatalog.load(folder.path)
    let again = try DatasetCatalog.load(path: folder.path, name: "again")
    files.contents[TestFiles.trainingImages] = IDX.bytes(
      [60, 4, 5], [UInt8](repeating: 7, count: 1200))
    try files.write(to: folder)
    let repainted = try DatasetCatalog.load(folder.path)
    for split in Split.allCases {
      for label in 0..<3 {
        let indices = first.indices(split, ofClass: label)
        #expect(again.indices(split, ofClass: label) == indices)
        #expect(repainted.indices(split, ofClass: label) == indices)
      }
    }
  }

  @Test(arguments: [-1, 3, Int.max]) func unknownClassesHaveNoImages(_ index: Int) throws {
    let dataset = try TestData.numbered([10, 10, 10])
    for split in Split.allCases { #expect(dataset.indices(split, ofClass: index) == []) }
  }

  @Test func classesAreFoundByName() throws {
    let dataset = try TestData.numbered([10, 10])
    #expect(try dataset.classIndex("class 1") == 1)
    #expect(
      throws: DatasetError.unknownClass(
        "klass 1", dataset: dataset.name, suggestions: ["class 1", "class 0"])
    ) { try dataset.classIndex("klass 1") }
  }

  private func part(
    _ labels: [Int], channels: Int = 1, height: Int = 2, width: Int = 3, changed: Int? = nil
  ) throws -> LabelledImages {
    var pixels = (0..<labels.count * channels * height * width).map { UInt8($0 & 0xff) }
    if let changed { pixels[changed] ^= 1 }
    return try LabelledImages(
      channels: channels, height: height, width: width, pixels: pixels, labels: labels,
      source: "memory")
  }

  private func digest(
    name: String = "a", classes: [String] = ["x", "y"], training: LabelledImages? = nil,
    test: LabelledImages? = nil
  ) throws -> SHA256Digest {
    try ImageDataset(
      name: name, classes: classes, training: training ?? part([0, 1, 0, 1]),
      test: test ?? part([0, 1])
    ).digest
  }

  @Test func theDigestIsWhatItsDescriptionSays() throws {
    var expected = Array("x\u{0}y\u{0}4 1x2x3\n".utf8)
    expected += (0..<24).map { UInt8($0) } + [0, 0, 1, 0, 0, 0, 1, 0]
    expected += Array("2 1x2x3\n".utf8) + (0..<12).map { UInt8($0) } + [0, 0, 1, 0]
    #expect(try digest() == SHA256.digest(of: expected))
  }

  @Test func anyChangeOfTheDataChangesTheDigest() throws {
    let digests = [
      try digest(),
      try digest(training: part([0, 1, 0, 1], changed: 0)),
      try digest(training: part([0, 1, 0, 1], changed: 23)),
      try digest(test: part([0, 1], changed: 5)),
      try digest(training: part([0, 1, 1, 0])),
      try digest(test: part([1, 0])),
      try digest(classes: ["x", "z"]),
      try digest(classes: ["y", "x"]),
      try digest(classes: ["x", "Y"]),
      try digest(
        training: part([0, 1, 0, 1], height: 3, width: 2), test: part([0, 1], height: 3, width: 2)),
      try digest(training: part([0, 1, 0])),
    ]
    #expect(Set(digests).count == digests.count)
    #expect(try digest(name: "another name") == digests[0])
  }

  @Test func partsMustHaveOneShape() throws {
    let training = try part([0, 1, 0, 1])
    for test in [
      try part([0, 1], channels: 3), try part([0, 1], height: 3), try part([0, 1], width: 2),
    ] {
      #expect(
        throws: DatasetError.malformed(
          file: "a", reason: "training and test images differ in size")
      ) { try digest(training: training, test: test) }
    }
  }

  @Test(arguments: [2, -1, Int.max]) func labelsNeedAClass(_ label: Int) throws {
    #expect(
      throws: DatasetError.malformed(
        file: "a", reason: "image 1 has label \(label); there are 2 classes")
    ) { try digest(training: part([0, label, 1])) }
  }
}
