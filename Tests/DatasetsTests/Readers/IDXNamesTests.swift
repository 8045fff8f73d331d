import Datasets
import Foundation
import TestSupport
import Testing

/// The names and places under which MNIST's relatives are handed round.
@Suite struct IDXNamesTests {
  /// The usual files under other names, in a folder within.
  private func files(_ inside: String = "", naming rename: (String) -> String) throws
    -> TemporaryFolder
  {
    let folder = try TemporaryFolder()
    for (name, bytes) in TestFiles().contents {
      let url = URL(fileURLWithPath: folder.file(inside + rename(name)))
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: url)
    }
    return folder
  }

  private static func dotted(_ name: String) -> String {
    name.replacing("-idx", with: ".idx")
  }

  @Test func otherNamesAndPlaces() throws {
    let usual = try TemporaryFolder()
    try TestFiles().write(to: usual)
    let digest = try DatasetCatalog.load(usual.path).digest
    for other in [
      try files(naming: Self.dotted), try files("raw/") { $0 }, try files("MNIST/raw/") { $0 },
      try files { "\($0)/\($0)" }, try files { "\(Self.dotted($0))/\(Self.dotted($0))" },
    ] {
      #expect(DatasetFormat.found(at: other.path) == .idx)
      #expect(try DatasetCatalog.load(other.path).digest == digest)
    }
  }

  private static func emnist(_ name: String) -> String {
    "emnist-letters-" + name.replacing("t10k-", with: "test-")
  }

  /// Columns first, labels from 1, and characters as names.
  @Test func emnistIsTurnedAndNamed() throws {
    let folder = try files(naming: Self.emnist)
    for name in [TestFiles.trainingLabels, TestFiles.testLabels] {
      let labels = try #require(TestFiles().contents[name])
      try folder.write(labels.prefix(8) + labels.dropFirst(8).map { $0 + 1 }, to: Self.emnist(name))
    }
    try folder.write(
      Array("1 65 97\r\n2 66 98\r\n3 67 99\r\n".utf8), to: "emnist-letters-mapping.txt")
    let dataset = try DatasetCatalog.load(folder.path)
    #expect(dataset.classes == ["Aa", "Bb", "Cc"])
    #expect(dataset.images(.training)?.labels.prefix(4) == [0, 1, 2, 0])
    #expect(dataset.imageShape == ImageShape(channels: 1, height: 5, width: 4))
    #expect(
      dataset.images(.training)?.pixels.prefix(20)
        == [0, 5, 10, 15, 1, 6, 11, 16, 2, 7, 12, 17, 3, 8, 13, 18, 4, 9, 14, 19])

    try folder.write(Array("1 65\n3 66\n".utf8), to: "emnist-letters-mapping.txt")
    let error = #expect(throws: DatasetError.self) { try DatasetCatalog.load(folder.path) }
    #expect(error?.description.contains("'3 66'") == true)
  }

  @Test func severalSetsInOneFolderAreNamed() throws {
    let folder = try files(naming: Self.emnist)
    for (name, bytes) in TestFiles().contents {
      try folder.write(bytes, to: Self.emnist(name).replacing("letters", with: "digits"))
    }
    let error = #expect(throws: DatasetError.self) { try DatasetCatalog.load(folder.path) }
    #expect(error?.description.contains("'emnist-digits-', 'emnist-letters-'") == true)
  }

  @Test(arguments: [nil, "cat\ndog\nowl\n"] as [String?])
  func labelsThatCountFromOneAreSaidToBeSo(_ names: String?) throws {
    var files = TestFiles()
    for name in [TestFiles.trainingLabels, TestFiles.testLabels] {
      let labels = try #require(files.contents[name])
      files.contents[name] = labels.prefix(8) + labels.dropFirst(8).map { $0 + 1 }
    }
    files.contents["labels.txt"] = names.map { Array($0.utf8) }
    let folder = try TemporaryFolder()
    try files.write(to: folder)
    let error = #expect(throws: DatasetError.self) { try DatasetCatalog.load(folder.path) }
    #expect(error?.description.contains("from 1 to 3") == true)
    #expect(error?.description.contains("subtract 1") == true)
  }
}
