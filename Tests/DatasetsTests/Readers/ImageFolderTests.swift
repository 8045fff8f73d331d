import Datasets
import Foundation
import Testing

@Suite struct ImageFolderTests {
  @Test func threeSplitsAreTaken() throws {
    let pictures = try PictureFolder(
      splits: ["train": 5, "val": 3, "test": 2], classes: ["b", "a"])
    let dataset = try pictures.load()
    #expect(dataset.classes == ["a", "b"])
    #expect(dataset.counts(.training) == [5, 5])
    #expect(dataset.counts(.validation) == [3, 3])
    #expect(dataset.counts(.test) == [2, 2])
    #expect(dataset.imageShape == nil && dataset.images(.test) == nil)
  }

  /// As ImageNet is published: val is what is quoted, and a tenth of train validates.
  @Test(arguments: ["val", "Validation", "test", "valid"])
  func twoSplitsHoldOutATenth(_ second: String) throws {
    let pictures = try PictureFolder(splits: ["training": 20, second: 2], classes: ["a", "b"])
    let dataset = try pictures.load()
    #expect(dataset.counts(.training) == [18, 18])
    #expect(dataset.counts(.validation) == [2, 2])
    #expect(dataset.counts(.test) == [2, 2])
  }

  @Test func otherFilesAreLeftOutAndCounted() throws {
    let pictures = try PictureFolder(splits: ["train": 2, "test": 1], classes: ["a"])
    for file in [
      "README.md", "train/notes.txt", "train/a/.hidden.png", "train/a/notes.txt",
      "train/a/deeper/x.png", "other/a/x.png", ".git/x",
    ] {
      try pictures.add(file, [1])
    }
    try pictures.add(
      "train/a/UPPER.JPEG", PictureFolder.picture(1, width: 8, height: 8, jpeg: true))
    try pictures.add("train/a/from a phone.HEIC", [1])
    try pictures.add("train/beside.png", [1])
    try FileManager.default.createSymbolicLink(
      atPath: "\(pictures.path)/test/a/gone.png", withDestinationPath: "/nowhere")
    let dataset = try pictures.load()
    #expect(dataset.classes == ["a"])
    #expect(dataset.counts(.training) == [3])
    #expect(
      dataset.leftOut.counts == [
        .otherEnding: 2, .inSubfolder: 1, .otherFolder: 1, .besideClasses: 1, .notAFile: 1,
      ])
    #expect(dataset.leftOut.endings == [".txt": 1, ".heic": 1])
    let warning = try #require(dataset.leftOut.warning)
    #expect(warning.contains("2 files not named as a picture that can be read (1 .heic, 1 .txt)"))
    #expect(!warning.contains("phone") && !warning.contains(pictures.path))
    #expect(
      try PictureFolder(splits: ["train": 1, "test": 1], classes: ["a"]).load().leftOut.warning
        == nil)
  }

  /// One name that is no text is counted; a class's is an error, because it would be missing.
  @Test func namesThatAreNoText() throws {
    let pictures = try PictureFolder(splits: ["train": 2, "test": 1], classes: ["a"])
    func make(_ path: String, _ last: [UInt8], folder: Bool) {
      let name: [UInt8] = Array("\(pictures.path)/\(path)/".utf8) + last + [0]
      let bytes = name.map { CChar(bitPattern: $0) }
      if folder { mkdir(bytes, 0o755) } else { fclose(fopen(bytes, "w")) }
    }
    make("train/a", [0x63, 0x61, 0x66, 0xe9], folder: false)
    let dataset = try pictures.load()
    #expect(dataset.counts(.training) == [2])
    #expect(dataset.leftOut.counts == [.unreadableName: 1])
    make("test", [0x63, 0x61, 0x66, 0xe9], folder: true)
    let error = #expect(throws: DatasetError.self) { try pictures.load() }
    #expect(error?.description.contains("'caf%E9' is not UTF-8") == true)
  }

  @Test func nestedFoldersAreTakenOnRequest() throws {
    let pictures = try PictureFolder(splits: ["train": 2, "test": 1], classes: ["a"])
    try pictures.add("train/a/2024/may/x.png", PictureFolder.picture(1, width: 8, height: 8))
    try pictures.add("train/a/0.png", PictureFolder.picture(2, width: 8, height: 8))
    // A loop, as backups make them.
    try FileManager.default.createSymbolicLink(
      atPath: "\(pictures.path)/train/a/2024/again",
      withDestinationPath: "\(pictures.path)/train/a/2024")
    let plain = try pictures.load()
    #expect(plain.counts(.training) == [3] && plain.leftOut.counts == [.inSubfolder: 1])
    let nested = try DatasetCatalog.load(
      path: pictures.path, name: "pictures", format: .nestedFolder)
    #expect(nested.counts(.training) == [4] && nested.leftOut.total == 0)
    let geometry = InputGeometry(shape: ImageShape(channels: 3, height: 4, width: 4))
    let loader = try BatchLoader(
      dataset: nested, classes: [0], normalization: .colour, geometry: geometry)
    #expect(loader.sequential(.training, batchSize: 9).reduce(0) { $0 + $1.count } == 4)
    #expect(try nested.digest != plain.digest)
  }

  /// macOS writes accents as characters of their own, other systems into the letter: one name to
  /// people, two to the file system.
  @Test func accentsMayBeWrittenEitherWay() throws {
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
    let pictures = try PictureFolder(splits: ["train": 2], classes: ["ant", composed])
    for (index, name) in ["ant", decomposed].enumerated() {
      try pictures.add("test/\(name)/1.png", PictureFolder.picture(index, width: 8, height: 8))
    }
    let dataset = try pictures.load()
    #expect(dataset.classes == ["ant", "café"])
    #expect(dataset.classes[1].unicodeScalars.elementsEqual(composed.unicodeScalars))
    let loader = try BatchLoader(
      dataset: dataset, classes: [0, 1], normalization: .colour,
      geometry: InputGeometry(shape: ImageShape(channels: 3, height: 4, width: 4)))
    #expect(loader.sequential(.test, batchSize: 9).reduce(0) { $0 + $1.count } == 2)
    #expect(dataset.skippedImages.total == 0)

    try pictures.add("train/\(decomposed)/1.png", PictureFolder.picture(9, width: 8, height: 8))
    let error = #expect(throws: DatasetError.self) { try pictures.load() }
    let description = try #require(error).description
    #expect(description.contains("'caf%C3%A9'") && description.contains("'cafe%CC%81'"))
  }

  @Test(arguments: ["jfif", "JPE", "webp", "bmp", "gif"])
  func everyEndingOfAKindThatIsReadIsTaken(_ ending: String) throws {
    let pictures = try PictureFolder(splits: ["train": 1, "test": 1], classes: ["a"])
    try pictures.add("train/a/x.\(ending)", PictureFolder.picture(1, width: 8, height: 8))
    let dataset = try pictures.load()
    #expect(dataset.counts(.training) == [2] && dataset.leftOut.total == 0)
  }

  /// As archives of such sets unpack.
  @Test(arguments: [
    ("seg_train/seg_train", "seg_test/seg_test"), ("archive/Training", "archive/Testing"),
    ("chest_xray/chest_xray/train", "chest_xray/chest_xray/val"), ("training_set", "test_set"),
  ])
  func archivesLayoutsAreFound(training: String, test: String) throws {
    let pictures = try PictureFolder(splits: [training: 3, test: 2], classes: ["a", "b"])
    for folder in ["", "\(training)/", "\(training)/a/"] {
      try pictures.add("\(folder)__MACOSX/x", [1])
    }
    #expect(DatasetFormat.found(at: pictures.path) == .folder)
    let dataset = try pictures.load()
    #expect(dataset.counts(.training) == [3, 3] && dataset.counts(.test) == [2, 2])
  }

  @Test func aFolderOfClassesIsExplained() throws {
    let pictures = try PictureFolder(splits: ["cat": 1, "dog": 1], classes: ["x"])
    let error = #expect(throws: DatasetError.self) { try pictures.load() }
    #expect(error?.description.contains("move most pictures of each to train/CLASS") == true)
  }

  static let hostile = [
    "with space", "Ünïcode–名前", "a,b=c", "quote'\"", "-rf", "%2e%2e", "e\u{301}", "newline\nname",
  ]

  @Test func namesMayBeAnything() throws {
    let pictures = try PictureFolder(splits: ["train": 2, "test": 1], classes: Self.hostile)
    try pictures.add(
      "train/with space/ünï \n cöde.png", PictureFolder.picture(1, width: 8, height: 8))
    let dataset = try pictures.load()
    #expect(Set(dataset.classes) == Set(Self.hostile))
    #expect(dataset.classes.count == Self.hostile.count)
    let geometry = InputGeometry(shape: ImageShape(channels: 3, height: 4, width: 4))
    let loader = try BatchLoader(
      dataset: dataset, classes: Array(dataset.classes.indices), normalization: .colour,
      geometry: geometry)
    #expect(loader.sequential(.training, batchSize: 5).reduce(0) { $0 + $1.count } == 17)
    #expect(dataset.skippedImages.total == 0)
  }

  @Test func aClassMissingInASplitIsNamed() throws {
    let pictures = try PictureFolder(splits: ["train": 2, "val": 1], classes: ["cat", "dog"])
    try pictures.remove("val/dog")
    #expect(throws: DatasetError.missingClass("dog", folder: "\(pictures.path)/val")) {
      try pictures.load()
    }
    try pictures.add("val/dog/notes.txt", [1])
    #expect(throws: DatasetError.emptyClass("dog", split: "val")) { try pictures.load() }
    try pictures.add("val/dog/1.png", PictureFolder.picture(1, width: 3, height: 3))
    try pictures.add("val/owl/1.png", PictureFolder.picture(1, width: 3, height: 3))
    #expect(throws: DatasetError.missingClass("owl", folder: "\(pictures.path)/train")) {
      try pictures.load()
    }
  }

  @Test func anEmptySplitIsAnError() throws {
    let pictures = try PictureFolder(splits: ["train": 2], classes: ["cat"])
    try pictures.add("test/notes.txt", [1])
    #expect(throws: DatasetError.emptySplit(folder: "\(pictures.path)/test")) {
      try pictures.load()
    }
  }

  @Test func splitsMustBeThereOnce() throws {
    let pictures = try PictureFolder(splits: ["train": 2], classes: ["cat"])
    #expect(
      throws: DatasetError.notADataset(
        path: pictures.path, reason: "it needs the folder 'train' and one of 'val' and 'test'")
    ) { try pictures.load() }
    try pictures.add("training/cat/1.png", [1])
    #expect(
      throws: DatasetError.notADataset(
        path: pictures.path, reason: "'train' and 'training' both are the training split")
    ) { try pictures.load() }
  }

  @Test func theDigestIsTheContents() throws {
    func pictures() throws -> PictureFolder {
      try PictureFolder(splits: ["train": 3, "test": 1], classes: ["a", "b"])
    }
    let first = try pictures()
    let digest = try first.load().digest
    // Elsewhere and later, the same content is the same data set; only the fingerprint is another.
    let second = try pictures()
    #expect(try second.load().digest == digest)
    #expect(try second.load().fingerprint != first.load().fingerprint)
    #expect(try first.load().fingerprint == first.load().fingerprint)

    #expect(try first.load(classes: .given(["x", "b"])).digest != digest)
    let changes: [(PictureFolder) throws -> Void] = [
      { try $0.add("train/a/100.png", PictureFolder.picture(99, width: 9, height: 8)) },
      { try $0.add("train/a/999.png", PictureFolder.picture(1, width: 9, height: 8)) },
      { try $0.remove("train/b/101.png") },
      { folder in
        try FileManager.default.moveItem(
          atPath: "\(folder.path)/test/a/100.png", toPath: "\(folder.path)/test/a/101.png")
      },
    ]
    for change in changes {
      let changed = try pictures()
      let before = try changed.load()
      try change(changed)
      #expect(try changed.load().digest != digest)
      #expect(try changed.load().fingerprint != before.fingerprint)
    }
  }

  @Test func aTrustedDigestIsNotComputed() throws {
    let pictures = try PictureFolder(splits: ["train": 1, "test": 1], classes: ["a"])
    let larger = try PictureFolder(splits: ["train": 2, "test": 1], classes: ["a"])
    let other = try withExtendedLifetime(larger) { try larger.load().digest }
    let dataset = try pictures.load()
    try pictures.remove("train/a/100.png")
    dataset.trust(other)
    #expect(try dataset.digest == other)
    #expect(throws: DatasetError.self) { try pictures.load().digest }
  }

  @Test func aCommonSmallSizeIsFound() throws {
    let equal = try PictureFolder(splits: ["train": 3, "test": 1], classes: ["a"]) { _ in (12, 10) }
    try equal.add("train/a/000.png", PictureFolder.corrupt)
    #expect(
      try equal.load().commonShape(largest: 64) == ImageShape(channels: 3, height: 10, width: 12))
    #expect(try equal.load().commonShape(largest: 11) == nil)
    let unequal = try PictureFolder(splits: ["train": 3, "test": 1], classes: ["a"])
    #expect(try unequal.load().commonShape(largest: 64) == nil)
  }
}

extension Normalization {
  /// Three channels in 0…255, up to rounding.
  static let colour = Normalization(
    mean: [0, 0, 0], standardDeviation: [1.0 / 255, 1.0 / 255, 1.0 / 255])
}
