import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct DatasetCatalogTests {
  /// The Debian package that deploy/setup.sh installs; sizes from the data set's paper, table 2.
  @Test func fashionMNIST() throws {
    let known = DatasetCatalog.fashionMNIST
    try #require(
      FileManager.default.fileExists(atPath: known.path),
      "this test needs the Debian package '\(known.package)': apt-get install \(known.package)")
    let dataset = try DatasetCatalog.load("fashion-mnist")
    #expect(dataset.name == "fashion-mnist")
    #expect(dataset.classes == known.classes && dataset.classes.count == 10)
    #expect(dataset.imageShape == ImageShape(channels: 1, height: 28, width: 28))
    #expect(dataset.counts(.training) == [Int](repeating: 5400, count: 10))
    #expect(dataset.counts(.validation) == [Int](repeating: 600, count: 10))
    #expect(dataset.counts(.test) == [Int](repeating: 1000, count: 10))
    // The labels the published files begin with.
    #expect(dataset.images(.training)?.labels.prefix(8) == [9, 0, 0, 3, 0, 2, 7, 2])
    #expect(dataset.images(.test)?.labels.prefix(8) == [9, 2, 1, 1, 6, 1, 4, 6])
    // Published for all 60,000 training images: 0.2860 and 0.3530.
    let normalization = try Normalization(trainingSplitOf: dataset)
    #expect(abs(normalization.mean[0] - 0.2860) < 0.001)
    #expect(abs(normalization.standardDeviation[0] - 0.3530) < 0.001)
  }

  @Test func aFolderIsNamedByItsPath() throws {
    let folder = try TemporaryFolder()
    try TestFiles().write(to: folder)
    #expect(try DatasetCatalog.load(folder.path).name == folder.path)
    #expect(try DatasetCatalog.load(path: folder.path, name: "mine").name == "mine")
  }

  @Test func unknownNamesListTheKnownOnes() {
    #expect(
      throws: DatasetError.notADataset(
        path: "fashion", reason: "no such folder or file; known names are 'fashion-mnist'")
    ) { try DatasetCatalog.load("fashion") }
  }

  @Test func archivesAndPartsAreExplained() throws {
    let folder = try TemporaryFolder()
    try folder.write([1, 2, 3], to: "set.tar.gz")
    try folder.write(NPZ.archive([("photos/a", [1])]), to: "set.ZIP")
    try TestFiles().write(to: folder, gzip: true)
    let file = folder.file("train-images-idx3-ubyte.gz")
    let part = #expect(throws: DatasetError.self) { try DatasetCatalog.load(file) }
    #expect(part?.description.hasSuffix("; name the folder of it: '\(folder.path)'") == true)
    let other = try TemporaryFolder()
    for name in ["set.tar.gz", "set.ZIP"] {
      try FileManager.default.moveItem(atPath: folder.file(name), toPath: other.file(name))
      let error = #expect(throws: DatasetError.self) { try DatasetCatalog.load(other.file(name)) }
      #expect(error?.description.hasSuffix("has to be unpacked") == true, "\(name)")
    }
  }

  @Test func otherThingsAreNoDataSets() throws {
    let folder = try TemporaryFolder()
    try folder.write([1, 2, 3], to: "file")
    for path in [folder.path, folder.file("file")] {
      #expect(
        throws: DatasetError.notADataset(
          path: path,
          reason: "it is not a folder of IDX files, of CIFAR's binary files, or of pictures as "
            + "train/CLASS/FILE and test/CLASS/FILE, nor a file of numpy.savez")
      ) { try DatasetCatalog.load(path) }
    }
  }
}
