import Datasets
import TestSupport
import Testing

@Suite struct DigestCancellationTests {
  private struct Stop: Error {}

  @Test func readingFilesForTheirDigestCanBeInterrupted() throws {
    let folder = try TemporaryFolder()
    try CornerSquares.writePictures(to: folder.path, classes: ["a", "b"], test: "val")
    func load() throws -> ImageDataset {
      try DatasetCatalog.load(path: folder.path, name: "squares")
    }
    let dataset = try load()
    var asked = 0
    #expect(throws: Stop.self) {
      try dataset.digest {
        asked += 1
        throw Stop()
      }
    }
    #expect(asked == 1)
    // Nothing of the attempt is left.
    #expect(try dataset.digest {} == load().digest)
  }
}
