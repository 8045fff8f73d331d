import Datasets
import Foundation
import Randomness
import TestSupport
import Testing

@Suite struct IDXFolderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func load() throws(DatasetError) -> ImageDataset {
    try DatasetCatalog.load(path: folder.path, name: "toy")
  }

  @Test(arguments: [false, true]) func readsPlainAndGzip(gzip: Bool) throws {
    try TestFiles().write(to: folder, gzip: gzip)
    let dataset = try load()
    #expect(dataset.name == "toy")
    #expect(dataset.classes == ["0", "1", "2"])
    #expect(dataset.imageShape == ImageShape(channels: 1, height: 4, width: 5))
    #expect(dataset.images(.training)?.count == 60)
    #expect(dataset.images(.training)?.pixels == (0..<1200).map { UInt8(truncatingIfNeeded: $0) })
    #expect(dataset.images(.training)?.labels == (0..<60).map { $0 % 3 })
    #expect(dataset.images(.test)?.pixels == (0..<180).map { UInt8(255 - $0) })
    #expect(dataset.images(.test)?.labels == (0..<9).map { $0 / 3 })
  }

  @Test func compressionIsNoPartOfTheIdentity() throws {
    try TestFiles().write(to: folder)
    let other = try TemporaryFolder()
    try TestFiles().write(to: other, gzip: true)
    #expect(try load().digest == DatasetCatalog.load(other.path).digest)
  }

  @Test func thePlainFileWinsOverTheCompressedOne() throws {
    try TestFiles().write(to: folder)
    try folder.write([1, 2, 3], to: "\(TestFiles.trainingImages).gz")
    #expect(try load().images(.training)?.count == 60)
  }

  @Test(arguments: ["cat\ndog\nowl", "cat\ndog\nowl\n", "cat\r\ndog\r\nowl\r\n"])
  func classNamesStandInLabels(_ text: String) throws {
    var files = TestFiles()
    files.contents["labels.txt"] = Array(text.utf8)
    try files.write(to: folder)
    #expect(try load().classes == ["cat", "dog", "owl"])
  }

  struct Malformation: Sendable {
    var file: String
    var reason: String
    var change: @Sendable (inout [UInt8]) -> Void
  }

  static let malformations = [
    Malformation(file: TestFiles.trainingImages, reason: "does not start") { $0[0] = 1 },
    Malformation(file: TestFiles.trainingLabels, reason: "does not start") { $0[1] = 1 },
    Malformation(file: TestFiles.testImages, reason: "does not start") { $0[2] = 0x0d },
    Malformation(file: TestFiles.testLabels, reason: "does not start") { $0 = [] },
    Malformation(file: TestFiles.testLabels, reason: "does not start") { $0 = [0, 0, 8] },
    Malformation(file: TestFiles.trainingImages, reason: "names 0 dimensions") { $0[3] = 0 },
    Malformation(file: TestFiles.trainingLabels, reason: "names 5 dimensions") { $0[3] = 5 },
    Malformation(file: TestFiles.testImages, reason: "names 255 dimensions") { $0[3] = 255 },
    Malformation(file: TestFiles.trainingImages, reason: "cut off") { $0 = Array($0.prefix(4)) },
    Malformation(file: TestFiles.testImages, reason: "cut off") { $0 = Array($0.prefix(15)) },
    Malformation(file: TestFiles.trainingImages, reason: "[60, 4, 5] needs 1200 bytes") {
      $0.removeLast()
    },
    Malformation(file: TestFiles.testImages, reason: "[9, 4, 5] needs 180 bytes of data and 0") {
      $0 = Array($0.prefix(16))
    },
    Malformation(file: TestFiles.trainingLabels, reason: "needs 60 bytes of data and 61") {
      $0.append(0)
    },
    Malformation(file: TestFiles.trainingImages, reason: "its dimensions overflow") {
      $0 = IDX.bytes([.max, .max, .max], [])
    },
    Malformation(file: TestFiles.testImages, reason: "its dimensions overflow") {
      $0 = IDX.bytes([.max, .max, 5], [1])
    },
    Malformation(file: TestFiles.testImages, reason: "needs 2147483647 bytes") {
      $0 = IDX.bytes([0x7fff_ffff, 1, 1], [1])
    },
    Malformation(file: TestFiles.trainingImages, reason: "images need 3 dimensions") {
      $0 = IDX.bytes([60, 20], Array($0.dropFirst(16)))
    },
    Malformation(file: TestFiles.testImages, reason: "images need 3 dimensions") {
      $0 = IDX.bytes([9, 1, 4, 5], Array($0.dropFirst(16)))
    },
    Malformation(file: TestFiles.trainingLabels, reason: "do not match 60 images") {
      $0 = IDX.bytes([59], Array($0.dropFirst(8).dropLast()))
    },
    Malformation(file: TestFiles.testLabels, reason: "do not match 9 images") {
      $0 = IDX.bytes([3, 3], Array($0.dropFirst(8)))
    },
    Malformation(file: TestFiles.trainingImages, reason: "0 pixel bytes do not make 60 images") {
      $0 = IDX.bytes([60, 0, 5], [])
    },
    Malformation(file: TestFiles.testImages, reason: "0 pixel bytes do not make 9 images") {
      $0 = IDX.bytes([9, 4, 0], [])
    },
  ]

  @Test(arguments: malformations.indices, [false, true])
  func malformedFilesAreNamed(_ index: Int, gzip: Bool) throws {
    let malformation = Self.malformations[index]
    var files = TestFiles()
    var bytes = try #require(files.contents[malformation.file])
    malformation.change(&bytes)
    files.contents[malformation.file] = bytes
    try files.write(to: folder, gzip: gzip)
    let error = #expect(throws: DatasetError.self) { try load() }
    #expect(error?.code == "malformed_dataset")
    let text = error?.description ?? ""
    #expect(text.contains(folder.file(malformation.file) + (gzip ? ".gz" : "")), "\(text)")
    #expect(text.contains(malformation.reason), "\(text)")
  }

  @Test func labelsBeyondTheClassNamesAreNamed() throws {
    var files = TestFiles()
    files.contents["labels.txt"] = Array("cat\ndog".utf8)
    try files.write(to: folder)
    #expect(
      throws: DatasetError.malformed(
        file: folder.file(TestFiles.trainingLabels),
        reason: "image 2 has label 2; there are 2 classes")
    ) { try load() }
  }

  @Test func testLabelsThatTrainingDoesNotHaveAreNamed() throws {
    var files = TestFiles()
    files.contents[TestFiles.testLabels]?[8 + 4] = 200
    try files.write(to: folder, gzip: true)
    #expect(
      throws: DatasetError.malformed(
        file: folder.file("\(TestFiles.testLabels).gz"),
        reason: "image 4 has label 200; there are 3 classes")
    ) { try load() }
  }

  @Test func classNamesMustDiffer() throws {
    var files = TestFiles()
    files.contents["labels.txt"] = Array("cat\ndog\ncat\n".utf8)
    try files.write(to: folder)
    let error = #expect(throws: DatasetError.self) { try load() }
    #expect(error?.description.contains("'cat' is name 1 and 3") == true)
  }

  @Test func classNamesMustBeText() throws {
    var files = TestFiles()
    files.contents["labels.txt"] = [0x63, 0xff, 0xfe, 0x0a]
    try files.write(to: folder)
    #expect(
      throws: DatasetError.unreadable(
        file: folder.file("labels.txt"), reason: "it is not UTF-8 text")
    ) { try load() }
  }

  @Test func namesWithoutImagesAreEmptyClasses() throws {
    var files = TestFiles()
    files.contents["labels.txt"] = Array("cat\ndog\nowl\nyak".utf8)
    try files.write(to: folder)
    #expect(throws: DatasetError.emptyClass("yak", split: "training")) { try load() }
  }

  @Test func everyClassNeedsATestImage() throws {
    var files = TestFiles()
    files.contents[TestFiles.testLabels] = IDX.bytes([9], [0, 0, 0, 0, 1, 1, 1, 1, 1])
    try files.write(to: folder)
    #expect(throws: DatasetError.emptyClass("2", split: "test")) { try load() }
  }

  @Test func noImagesAtAll() throws {
    var files = TestFiles()
    files.contents[TestFiles.trainingImages] = IDX.bytes([0, 4, 5], [])
    files.contents[TestFiles.trainingLabels] = IDX.bytes([0], [])
    files.contents[TestFiles.testLabels] = IDX.bytes([9], [UInt8](repeating: 0, count: 9))
    try files.write(to: folder)
    #expect(throws: DatasetError.emptyClass("0", split: "training")) { try load() }
  }

  @Test func partsOfDifferentSizes() throws {
    var files = TestFiles()
    files.contents[TestFiles.testImages] = IDX.bytes(
      [9, 5, 4], [UInt8](repeating: 1, count: 180))
    try files.write(to: folder)
    #expect(
      throws: DatasetError.malformed(
        file: folder.path, reason: "training and test images differ in size")
    ) { try load() }
  }

  @Test(arguments: TestFiles.names.dropFirst()) func missingFilesAreNamed(_ name: String) throws {
    try TestFiles().write(to: folder)
    try folder.remove(name)
    #expect(
      throws: DatasetError.notADataset(
        path: folder.path, reason: "'\(name)' or '\(name).gz' is missing")
    ) { try load() }
  }

  @Test func aFolderInAFilesPlaceIsUnreadable() throws {
    try TestFiles().write(to: folder)
    try folder.remove(TestFiles.testLabels)
    try FileManager.default.createDirectory(
      atPath: folder.file(TestFiles.testLabels), withIntermediateDirectories: false)
    let error = #expect(throws: DatasetError.self) { try load() }
    #expect(error?.code == "unreadable_file")
    #expect(error?.description.contains(folder.file(TestFiles.testLabels)) == true)
  }

  /// Any bytes at all are either a data set or a typed error.
  @Test func mutatedFilesNeverTrap() throws {
    var generator = SeededGenerator(seed: 1, stream: "IDX mutation")
    try TestFiles().write(to: folder)
    var refused = 0
    for _ in 0..<300 {
      let name = TestFiles.names[generator.nextIndex(below: 4)]
      let original = try #require(TestFiles().contents[name])
      var bytes = original
      for _ in 0...generator.nextIndex(below: 4) {
        bytes[generator.nextIndex(below: min(24, bytes.count))] =
          UInt8(generator.nextIndex(below: 256))
      }
      try folder.write(bytes, to: name)
      do {
        let dataset = try load()
        #expect(dataset.counts(.training).allSatisfy { $0 > 0 })
      } catch {
        refused += 1
      }
      try folder.write(original, to: name)
    }
    #expect((100..<300).contains(refused))
  }
}
