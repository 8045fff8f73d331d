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

  private static let insects = ["ant", "bee", "cat"]

  /// Folder names in another order are the folders' names still, whatever Windows' editors put
  /// around them.
  @Test(arguments: ["\u{FEFF}cat\r\nant\r\nbee\r\n", "cat \n\n ant\nbee", "\u{FEFF}ant\nbee\ncat"])
  func folderNamesInAnyOrderStay(_ text: String) throws {
    #expect(try classes(text, folders: Self.insects) == Self.insects)
  }

  /// Lines that say a folder's name at another place, or nearly, would swap classes.
  @Test(arguments: [
    ("cat\nBee\nant\n", "'cat'", "'ant'"), ("cat\nwasp\nant", "'cat'", "'ant'"),
    ("wasp\nANT\nhornet", "'ANT'", "'bee'"), ("1 bee\n2 cat\n3 ant", "'1 bee'", "'ant'"),
    ("cât\nmoth\nfly", "'cât'", "'ant'"),
  ])
  func linesOfOtherFoldersAreRefused(text: String, line: String, folder: String) throws {
    let error = #expect(throws: DatasetError.self) { try classes(text, folders: Self.insects) }
    let description = try #require(error).description
    #expect(description.contains("line \(line)"), "\(description)")
    #expect(description.contains("would call the folder \(folder) \(line)"), "\(description)")
    #expect(description.contains("labels.txt") && description.contains("'FOLDER NAME'"))
  }

  /// A slip of one letter in a longer name.
  @Test func slipsAreNoticed() throws {
    let folders = ["goldfish", "hammerhead", "tench"]
    #expect(throws: DatasetError.self) {
      try classes("hammerhaed\ntenchs\ngoldfisch", folders: folders)
    }
    #expect(throws: DatasetError.self) {
      try classes("tenchs\nshark\nray", folders: folders)
    }
  }

  /// Prettier names at their folders' own places, and numbered ones, are what they seem.
  @Test(arguments: [
    (["ankle_boot", "bag", "t-shirt"], "Ankle boot\nBag\nT-Shirt"),
    (["class1", "class2", "class3"], "Class 1\nClass 2\nClass 3"),
    (["0", "1", "2"], "zero\none\ntwo"), (["dog", "dogs", "owl"], "Dog\nDogs\nOwl"),
  ])
  func namesByPlaceAreTaken(folders: [String], text: String) throws {
    #expect(
      try classes(text, folders: folders) == text.split(separator: "\n").map(String.init))
  }

  @Test func aFolderIsNamedOnce() throws {
    let error = #expect(throws: DatasetError.self) {
      try classes("n01 tench\nn02 shark\nn03 ray\nn01 carp")
    }
    #expect(error?.description.contains("'n01' both 'tench' and 'carp'") == true)
  }

  @Test func namesAreKeptComposed() throws {
    let names = try classes("cafe\u{301}\nbar\npub")
    #expect(names[0].unicodeScalars.elementsEqual("caf\u{e9}".unicodeScalars))
    #expect(
      try classes("pub\ncafe\u{301}\nbar", folders: ["bar", "caf\u{e9}", "pub"])[1] == "café")
  }

  @Test func wideTextIsNamed() throws {
    let pictures = try PictureFolder(splits: ["train": 1, "test": 1], classes: ["n01", "n02"])
    try pictures.add("labels.txt", [0xff, 0xfe, 0x61, 0, 0x0a, 0])
    let error = #expect(throws: DatasetError.self) { try pictures.load() }
    #expect(error?.description.contains("UTF-16") == true)
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
