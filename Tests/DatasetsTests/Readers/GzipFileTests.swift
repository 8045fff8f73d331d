import Datasets
import TestSupport
import Testing

@Suite struct GzipFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func read(_ bytes: [UInt8], limit: Int = 1 << 30) throws -> [UInt8] {
    try folder.write(bytes, to: "file")
    return try GzipFile.read(folder.file("file"), limit: limit)
  }

  @Test(arguments: [0, 1, 1000, 1 << 20, (1 << 20) + 1, 3 << 20])
  func plainAndCompressedReadTheSame(_ size: Int) throws {
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 0x9e37 >> 7) }
    #expect(try read(bytes) == bytes)
    #expect(try read(folder.gzipped(bytes)) == bytes)
  }

  @Test func everyTruncationIsNoticed() throws {
    let bytes = (0..<500).map { UInt8(truncatingIfNeeded: $0 * $0) }
    let compressed = try folder.gzipped(bytes)
    // Shorter than the two bytes of gzip's mark, a file counts as plain.
    for length in 2..<compressed.count {
      let error = #expect(throws: DatasetError.self, "\(length) bytes") {
        try read(Array(compressed.prefix(length)))
      }
      #expect(error?.code == "unreadable_file")
      #expect(error?.description.contains(folder.file("file")) == true)
    }
  }

  @Test func damageIsNoticed() throws {
    let compressed = try folder.gzipped((0..<500).map { UInt8(truncatingIfNeeded: $0 * $0) })
    // The trailer holds the checksum and the length of the content (RFC 1952, section 2.3.1).
    for position in [compressed.count / 2, compressed.count - 8, compressed.count - 1] {
      var damaged = compressed
      damaged[position] ^= 0x55
      let error = #expect(throws: DatasetError.self) { try read(damaged) }
      #expect(error?.code == "unreadable_file")
    }
  }

  @Test func expansionIsBounded() throws {
    let zeros = [UInt8](repeating: 0, count: 5 << 20)
    let bomb = try folder.gzipped(zeros)
    #expect(bomb.count < 10_000)
    #expect(try read(bomb, limit: 5 << 20) == zeros)
    #expect(
      throws: DatasetError.malformed(
        file: folder.file("file"), reason: "it expands to more than 5242879 bytes")
    ) { try read(bomb, limit: (5 << 20) - 1) }
    #expect(throws: DatasetError.self) { try read(zeros, limit: (5 << 20) - 1) }
  }

  @Test func missingFilesAreNamed() {
    let path = folder.file("nowhere")
    #expect(
      throws: DatasetError.unreadable(file: path, reason: "No such file or directory")
    ) { try GzipFile.read(path, limit: 1) }
  }
}
