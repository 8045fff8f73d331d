import Datasets
import Foundation
import Randomness
import TestSupport
import Testing

/// Damaged and lying archives, through the data set they should hold.
@Suite struct ZipArchiveTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func load(_ bytes: [UInt8]) throws -> ImageDataset {
    try folder.write(bytes, to: "data.npz")
    return try DatasetCatalog.load(path: folder.file("data.npz"), name: "toy", format: .npz)
  }

  private func refusal(_ bytes: [UInt8]) throws -> String {
    let error = #expect(throws: DatasetError.self) { try load(bytes) }
    return error?.description ?? ""
  }

  @Test(arguments: ["stored", "deflated", "zip64"]) func everyTruncationIsNoticed(_ name: String)
    throws
  {
    let bytes = try NPZFileTests.golden(name)
    for length in bytes.indices {
      let text = try refusal(Array(bytes.prefix(length)))
      #expect(text.contains("data.npz"), "\(length) bytes: \(text)")
    }
  }

  /// Any bytes at all are the same data set, another one's directory or a typed error; never other
  /// pixels, which the checksum covers.
  @Test(arguments: ["deflated", "zip64"]) func mutatedFilesNeverTrap(_ name: String) throws {
    var generator = SeededGenerator(seed: 1, stream: "NPZ mutation")
    let original = try NPZFileTests.golden(name)
    let digest = try load(original).digest
    var refused = 0
    for _ in 0..<600 {
      var bytes = original
      for _ in 0...generator.nextIndex(below: 3) {
        bytes[generator.nextIndex(below: bytes.count)] = UInt8(generator.nextIndex(below: 256))
      }
      do {
        let dataset = try load(bytes)
        let classes = dataset.classes == ["0", "1", "2"]
        #expect(try classes || dataset.digest == digest)
      } catch {
        #expect(error is DatasetError)
        refused += 1
      }
    }
    #expect((300..<600).contains(refused))
  }

  private static let arrays: [(name: String, bytes: [UInt8])] = [
    ("xtr", NPZ.array("|u1", [2, 1, 2], [0, 1, 2, 3])), ("ytr", NPZ.array("|u1", [2], [0, 1])),
    ("xte", NPZ.array("|u1", [2, 1, 2], [9, 8, 7, 6])), ("yte", NPZ.array("|u1", [2], [0, 1])),
  ]

  /// The archive with bytes of the first directory entry replaced.
  private func changed(at offset: Int, _ values: [UInt8]) throws -> [UInt8] {
    var bytes = NPZ.archive(Self.arrays)
    let mark: [UInt8] = [0x50, 0x4b, 0x01, 0x02]
    let start = try #require(bytes.indices.first { bytes[$0...].starts(with: mark) })
    bytes.replaceSubrange(start + offset..<start + offset + values.count, with: values)
    return bytes
  }

  @Test func liesAreNamed() throws {
    _ = try load(changed(at: 0, [0x50]))
    #expect(try refusal(changed(at: 8, [1])).contains("encrypted"))
    #expect(try refusal(changed(at: 10, [12])).contains("method 12"))
    #expect(try refusal(changed(at: 10, [8])).contains("does not expand"))
    #expect(try refusal(changed(at: 16, [0, 0, 0, 0])).contains("checksum"))
    #expect(try refusal(changed(at: 20, [1])).contains("two different sizes"))
    #expect(try refusal(changed(at: 24, [0, 0, 0, 0x7f])).contains("two different sizes"))
    #expect(try refusal(changed(at: 24, [1, 0, 0, 0x80])).contains("at most 2147483648"))
    #expect(try refusal(changed(at: 24, [255, 255, 255, 255])).contains("lacks its ZIP64"))
    #expect(try refusal(changed(at: 42, [1])).contains("is not where"))
    #expect(try refusal(changed(at: 42, [0, 0, 0, 0x7f])).contains("cut off"))
    #expect(try refusal(changed(at: 28, [255, 255])).contains("directory is damaged"))
    // A deflated member of a few bytes that claims nearly 2 GiB is not believed.
    var bomb = try changed(at: 10, [8])
    let mark: [UInt8] = [0x50, 0x4b, 0x01, 0x02]
    let start = try #require(bomb.indices.first { bomb[$0...].starts(with: mark) })
    bomb.replaceSubrange(start + 24..<start + 28, with: [0, 0, 0, 0x7f])
    #expect(try refusal(bomb).contains("cannot expand to 2130706432 bytes"))
  }

  @Test func namesMustDiffer() throws {
    let text = try refusal(NPZ.archive(Self.arrays + [Self.arrays[0]]))
    #expect(text.contains("'xtr.npy' twice"), "\(text)")
  }

  @Test func foldersAreNoArchives() throws {
    #expect(throws: DatasetError.self) {
      try DatasetCatalog.load(path: folder.path, name: "toy", format: .npz)
    }
    try folder.write([], to: "data.npz")
    #expect(DatasetFormat.found(at: folder.file("data.npz")) == nil)
  }
}
