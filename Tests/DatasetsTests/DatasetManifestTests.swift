import Datasets
import Digests
import Foundation
import TestSupport
import Testing

@Suite struct DatasetManifestTests {
  private static let piece = DatasetManifest.Piece(
    digest: SHA256.digest(of: Data("ab".utf8)), size: 2)
  private static let hex = piece.digest.hex

  @Test func aFoldersFilesComeInOrder() throws {
    let folder = try TemporaryFolder()
    for name in ["train/a", "train/b", "test"] {
      try FileManager.default.createDirectory(
        atPath: folder.file(name), withIntermediateDirectories: true)
    }
    try folder.write([1, 2], to: "train/b/odd %\n.png")
    try folder.write([], to: "train/a/empty.png")
    try folder.write([3], to: "train.txt")
    try folder.write([4], to: "train/.hidden")
    let (isFile, files) = try DatasetManifest.files(at: folder.path)
    #expect(!isFile)
    // By bytes: a dot comes before a slash.
    #expect(files.map(\.path) == ["train.txt", "train/a/empty.png", "train/b/odd %\n.png"])
    #expect(files.map(\.size) == [1, 0, 2])
    #expect(files.allSatisfy { $0.modified.seconds > 1_000_000_000 })

    let manifest = DatasetManifest(
      isFile: false, files: files,
      pieces: [.init(digest: SHA256.digest(of: Data([3, 1, 2])), size: 3)])
    #expect(try DatasetManifest(text: manifest.text) == manifest)
    #expect(manifest.size == 3)
    #expect(manifest.path(in: "/cache") == "/cache")

    let single = try DatasetManifest.files(at: folder.file("train.txt"))
    #expect(single.isFile && single.files.map(\.path) == ["train.txt"])
    #expect(throws: DatasetError.self) { try DatasetManifest.files(at: folder.file("none")) }
  }

  @Test func aFolderThatLeadsBackIsRefused() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("again"), withDestinationPath: folder.path)
    #expect(throws: DatasetError.self) { try DatasetManifest.files(at: folder.path) }
  }

  @Test(arguments: [
    "", "crisp-dataset 2\nfolder\n",
    "crisp-dataset 1\nfolder\n",
    "crisp-dataset 1\nelsewhere\npiece \(hex) 2\nfile 2 1 0 a\n",
    "crisp-dataset 1\nfolder\npiece \(hex) 2\nfile 3 1 0 a\n",
    "crisp-dataset 1\nfolder\npiece \(hex) 2\nfile -2 1 0 a\n",
    "crisp-dataset 1\nfolder\npiece \(hex) 2\nfile 2 1 1000000000 a\n",
    "crisp-dataset 1\nfolder\npiece \(hex) 2\npiece \(hex) 2\nfile 4 1 0 a\n",
    "crisp-dataset 1\nfolder\nfile 2 1 0 a\npiece \(hex) 2\n",
    "crisp-dataset 1\nfolder\npiece \(hex) 2\nfile 2 1 0 ../a\n",
    "crisp-dataset 1\nfolder\npiece \(hex) 2\nfile 2 1 0 /a\n",
    "crisp-dataset 1\nfolder\npiece \(hex) 2\nfile 2 1 0 a/./b\n",
    "crisp-dataset 1\nfolder\npiece \(hex) 2\nfile 2 1 0 a%2F..%2F..%2Fb\n",
    "crisp-dataset 1\nfolder\npiece \(hex) 2\nfile 2 1 0 a%00\n",
    "crisp-dataset 1\nfolder\npiece \(hex) 2\nfile 1 1 0 b\nfile 1 1 0 a\n",
    "crisp-dataset 1\nfolder\npiece \(hex) 2\nfile 1 1 0 a\nfile 1 1 0 a\n",
    "crisp-dataset 1\nfolder\npiece \(hex) 2\nfile 2 1 0 a\n\nmore\n",
    "crisp-dataset 1\nfile\npiece \(hex) 2\nfile 1 1 0 a\nfile 1 1 0 b\n",
    "crisp-dataset 1\nfile\npiece \(hex) 2\nfile 2 1 0 a/b\n",
    "crisp-dataset 1\nfolder\npiece \(hex) 9223372036854775807\nfile 9223372036854775807 1 0 a\n",
  ])
  func whatNobodyWroteIsRefused(_ text: String) {
    #expect(throws: DatasetError.self) { try DatasetManifest(text: Data(text.utf8)) }
  }

  @Test func aFileIsFoundByItsName() throws {
    let text = "crisp-dataset 1\nfile\npiece \(Self.hex) 2\nfile 2 -5 7 small set.npz\n"
    let manifest = try DatasetManifest(text: Data(text.utf8))
    #expect(manifest.path(in: "/cache") == "/cache/small set.npz")
    #expect(manifest.text == Data(text.utf8))
    #expect(manifest.pieces == [Self.piece])
  }
}
