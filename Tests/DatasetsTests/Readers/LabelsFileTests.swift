import Datasets
import Testing

/// What labels files make of class folders.
@Suite struct LabelsFileTests {
  private func classes(
    _ text: String, file: String = "labels.txt", folders: [String] = ["n01", "n02", "n03"]
  ) throws -> [String] {
    let pictures = try PictureFolder(splits: ["train": 1, "test": 1], classes: folders)
    try pictures.add(file, Array(text.utf8))
    return try pictures.load().classes
  }

  @Test(arguments: ["labels.txt", "classes.txt", "LOC_synset_mapping.txt"])
  func synsetsAreNamed(_ file: String) throws {
    let text = "n03 goldfish, Carassius auratus\nn01 tench, Tinca tinca\nn02\tgreat white shark\n"
    #expect(try classes(text, file: file) == ["tench", "great white shark", "goldfish"])
  }

  /// ImageNet has two cranes and lists folders that a subset does not have.
  @Test func sharedNamesAreToldApartByFolder() throws {
    let text = "n01 crane\nn02 crane, bird\nn03 owl\nn04 cat"
    #expect(try classes(text) == ["crane (n01)", "crane (n02)", "owl"])
  }

  /// The file alone, as a converted model's labels: the same names as the folder's.
  @Test func synsetsAreNamedWithoutFolders() {
    #expect(
      LabelsFile.synsetNames(["n02012849 crane", "n01440764 tench, Tinca tinca", "n03126707 crane"])
        == ["tench", "crane (n02012849)", "crane (n03126707)"])
    #expect(LabelsFile.synsetNames(["n01440764 tench", "new car"]) == nil)
    #expect(LabelsFile.synsetNames(["n01440764"]) == nil)
    #expect(LabelsFile.synsetNames([]) == nil)
  }

  @Test func namesAloneFollowTheSortedFolders() throws {
    #expect(try classes("cat\r\ndog\n\nred panda\n") == ["cat", "dog", "red panda"])
  }

  @Test func theFoldersThemselvesKeepTheirOrder() throws {
    #expect(try classes("n03\nn01\nn02") == ["n01", "n02", "n03"])
  }

  @Test(arguments: [
    ("n01 cat\nn02 dog\n", "'n03'"), ("cat\ndog\n", "2 lines"), ("a\nb\nc\nd\n", "4 lines"),
    ("cat\ncat\ndog\n", "twice"), ("", "0 lines"),
  ])
  func whatDoesNotFitIsExplained(text: String, words: String) throws {
    let error = #expect(throws: DatasetError.self) { try classes(text) }
    #expect(try #require(error).description.contains(words))
    #expect(try #require(error).description.contains("labels.txt"))
  }

  @Test func aFileElsewhereMayBeNamed() throws {
    let pictures = try PictureFolder(splits: ["train": 1, "test": 1], classes: ["n01", "n02"])
    try pictures.add("names", Array("one\ntwo".utf8))
    #expect(
      try pictures.load(classes: .file("\(pictures.path)/names")).classes == ["one", "two"])
    #expect(throws: DatasetError.self) { try pictures.load(classes: .file("/nowhere/names")) }
    #expect(throws: DatasetError.self) { try pictures.load(classes: .given(["one"])) }
  }
}
