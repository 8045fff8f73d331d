import Datasets
import Digests
import Foundation
import JobContract
import JobWorker
import ObjectStore
import PersonalizationService
import SQLiteStore
import Store
import TestSupport
import Testing

/// The files of a data set that were fetched and then lost or changed on this machine's disk are fetched anew.
@Suite struct DamagedFilesTests {
  private let temporary: TemporaryFolder
  private let store: SQLiteStore
  private let record: DatasetRecord
  private let path: String

  /// A data set that is kept as a list of files and their bytes.
  init() throws {
    temporary = try TemporaryFolder()
    store = try SQLiteStore(path: temporary.file("crisp.sqlite"))
    path = temporary.file("data")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    try CornerSquares.writeIDX(to: path, classes: ToyWorld.labels)
    let dataset = try DatasetCatalog.load(path: path, name: "toy")
    let files = try DatasetManifest.files(at: path).files
    var bytes = Data()
    for file in files {
      bytes += try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(file.path)"))
    }
    let piece = try store.put(bytes)
    let manifest = DatasetManifest(
      isFile: false, files: files,
      pieces: [DatasetManifest.Piece(digest: piece.digest, size: piece.size)])
    record = DatasetRecord(
      name: "toy", path: path, format: DatasetFormat.idx.rawValue, digest: try dataset.digest,
      classes: ToyWorld.labels, counts: Data("{}".utf8),
      manifest: try store.put(manifest.text).digest)
  }

  private func library() throws -> ModelLibrary {
    ModelLibrary(store: store, cache: FetchedInputs(try cache()))
  }

  private func cache() throws -> BlobCache {
    try BlobCache(folder: temporary.file("cache"), capacity: 64 << 20)
  }

  /// Where the fetched files are.
  private func fetched() throws -> String {
    let digest = try #require(record.manifest)
    return temporary.file("cache/\(digest.hex).folder")
  }

  private static let images = "train-images-idx3-ubyte"

  @Test(arguments: ["changed", "shorter", "missing"])
  func damagedFilesAreFetchedAnew(how: String) throws {
    #expect(try library().dataset(record).name == "toy")
    let file = try URL(fileURLWithPath: "\(fetched())/\(Self.images)")
    let right = try Data(contentsOf: file)
    switch how {
    case "changed":
      var wrong = right
      wrong[wrong.count - 1] ^= 1
      try wrong.write(to: file)
    case "shorter": try right.prefix(1000).write(to: file)
    default: try FileManager.default.removeItem(at: file)
    }
    #expect(try library().dataset(record).digest == record.digest)
    #expect(try Data(contentsOf: file) == right)
  }

  @Test func whatIsDamagedWhereItComesFromIsFetchedOnceMoreOnly() throws {
    struct Damaged: Error {}
    let inputs = JobInputs(store: store, cache: FetchedInputs(try cache()))
    var calls = 0
    #expect(throws: Damaged.self) {
      try inputs.withFiles(of: record, checkCancellation: {}, isDamage: { $0 is Damaged }) { _, _ in
        calls += 1
        throw Damaged()
      }
    }
    #expect(calls == 2)
    // What stays at its path is nobody's to remove.
    var local = record
    local.manifest = nil
    #expect(throws: Damaged.self) {
      try inputs.withFiles(of: local, checkCancellation: {}, isDamage: { _ in true }) { _, _ in
        calls += 1
        throw Damaged()
      }
    }
    #expect(calls == 3)
    #expect(FileManager.default.fileExists(atPath: "\(path)/\(Self.images)"))
  }

  /// Another job reads it: that one is to end first.
  @Test func whatIsInUseStays() throws {
    let held = try library().dataset(record)
    let file = try URL(fileURLWithPath: "\(fetched())/\(Self.images)")
    try FileManager.default.removeItem(at: file)
    let error = try #require(throws: StoreError.self) { try library().dataset(record) }
    #expect(error.code == "cache_unusable")
    withExtendedLifetime(held) {}
  }
}
