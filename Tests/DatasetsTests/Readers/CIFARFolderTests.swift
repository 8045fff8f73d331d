import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct CIFARFolderTests {
  /// Records of an image whose pixels count up from `start`; a coarse label comes first if asked for.
  private func records(_ labels: [UInt8], coarse: Bool = false, start: Int = 0) -> [UInt8] {
    labels.enumerated().flatMap { index, label in
      (coarse ? [200, label] : [label])
        + (0..<3072).map { UInt8(truncatingIfNeeded: start + index * 7 + $0) }
    }
  }

  private func ten(_ change: (inout [String: [UInt8]]) -> Void = { _ in }) throws -> TemporaryFolder
  {
    var files = ["batches.meta.txt": Array("cat\ndog\n\n".utf8)]
    for batch in 1...5 {
      files["data_batch_\(batch).bin"] = records([0, 1, 1, 0], start: batch * 10)
    }
    files["test_batch.bin"] = records([1, 0], start: 99)
    change(&files)
    let folder = try TemporaryFolder()
    for (name, bytes) in files { try folder.write(bytes, to: name) }
    return folder
  }

  @Test func cifar10IsRead() throws {
    let folder = try ten()
    let dataset = try DatasetCatalog.load(folder.path)
    #expect(DatasetFormat.found(at: folder.path) == .cifar)
    #expect(dataset.classes == ["cat", "dog"])
    #expect(dataset.imageShape == ImageShape(channels: 3, height: 32, width: 32))
    let training = try #require(dataset.images(.training))
    #expect(training.labels == (0..<5).flatMap { _ in [0, 1, 1, 0] })
    // The second record of the third file, first plane's first values.
    #expect(training.pixels[9 * 3072..<9 * 3072 + 3] == [37, 38, 39])
    #expect(dataset.images(.test)?.labels == [1, 0])
    #expect(dataset.counts(.training) == [9, 9])
    #expect(dataset.fingerprint == nil)
  }

  @Test func cifar100TakesTheFineLabels() throws {
    let folder = try TemporaryFolder()
    try folder.write(records([2, 0, 1], coarse: true), to: "train.bin")
    try folder.write(records([0, 1, 2], coarse: true, start: 5), to: "test.bin")
    try folder.write(Array("apple\nbear\ncan\n".utf8), to: "fine_label_names.txt")
    try folder.write(Array("fruit\n".utf8), to: "coarse_label_names.txt")
    let dataset = try DatasetCatalog.load(folder.path)
    #expect(dataset.classes == ["apple", "bear", "can"])
    #expect(dataset.images(.training)?.labels == [2, 0, 1])
    #expect(dataset.images(.training)?.pixels.prefix(2) == [0, 1])
    #expect(dataset.images(.test)?.pixels.prefix(2) == [5, 6])
  }

  @Test func theArchivesFolderIsFound() throws {
    let inner = try ten()
    let outer = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: inner.path, toPath: outer.file("cifar-10-batches-bin"))
    #expect(DatasetFormat.found(at: outer.path) == .cifar)
    #expect(try DatasetCatalog.load(outer.path).counts(.training) == [9, 9])
  }

  /// Pickles run code when they are read.
  @Test func thePythonVersionIsNamed() throws {
    let folder = try TemporaryFolder()
    let inside = folder.file("cifar-10-batches-py")
    try FileManager.default.createDirectory(atPath: inside, withIntermediateDirectories: false)
    for name in ["data_batch_1", "batches.meta"] {
      try folder.write([0x80, 2], to: "cifar-10-batches-py/\(name)")
    }
    for path in [folder.path, inside] {
      let error = #expect(throws: DatasetError.self) { try DatasetCatalog.load(path) }
      #expect(error?.description.contains("cifar-10-binary.tar.gz") == true)
    }
  }

  @Test func whatDoesNotFitIsNamed() throws {
    func error(_ change: (inout [String: [UInt8]]) -> Void) throws -> String {
      let folder = try ten(change)
      let error = #expect(throws: DatasetError.self) { try DatasetCatalog.load(folder.path) }
      return try #require(error).description
    }
    #expect(try error { $0["data_batch_4.bin"] = nil }.contains("'data_batch_4.bin' is missing"))
    #expect(try error { $0["batches.meta.txt"] = nil }.contains("'batches.meta.txt' is missing"))
    #expect(try error { $0["data_batch_2.bin"]?.removeLast() }.contains("data_batch_2.bin"))
    #expect(
      try error { $0["data_batch_2.bin"] = [] }.contains(
        "0 bytes are not a whole number of records"))
    #expect(
      try error { $0["test_batch.bin"] = records([0, 7]) }
        .contains("image 1 has label 7; there are 2 classes"))
    #expect(
      try error { $0["test_batch.bin"] = records([0]) }.contains(
        "does not contain an image of 'dog'"))
  }

  @Test func namesMayComeFromElsewhere() throws {
    let folder = try ten { $0["batches.meta.txt"] = nil }
    let dataset = try DatasetCatalog.load(
      path: folder.path, name: "x", format: .cifar, classes: .given(["a", "b"]))
    #expect(dataset.classes == ["a", "b"])
    #expect(throws: DatasetError.self) {
      try DatasetCatalog.load(path: folder.path, name: "x", format: .folder)
    }
  }
}
