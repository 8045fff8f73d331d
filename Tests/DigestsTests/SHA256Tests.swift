import Digests
import Foundation
import Testing

/// Vectors from FIPS 180-4's examples (csrc.nist.gov, "SHA256.pdf") and NIST's long-message test.
@Suite struct SHA256Tests {
  static let vectors: [(message: String, hex: String)] = [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      String(repeating: "a", count: 1_000_000),
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    ),
  ]

  @Test(arguments: vectors.indices) func knownAnswers(_ index: Int) throws {
    let (message, hex) = Self.vectors[index]
    #expect(SHA256.digest(of: Array(message.utf8)).hex == hex)
    #expect(SHA256.digest(of: Data(message.utf8)).hex == hex)
  }

  @Test(arguments: [1, 7, 63, 64, 65, 1000]) func piecesDoNotMatter(_ size: Int) {
    let message = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var hasher = SHA256()
    for start in stride(from: 0, to: message.count, by: size) {
      hasher.update(Array(message[start..<min(start + size, message.count)]))
      hasher.update(Data())
    }
    #expect(hasher.finalize() == SHA256.digest(of: message))
  }

  @Test func startsOverAfterFinalize() {
    var hasher = SHA256()
    hasher.update(Array("something".utf8))
    _ = hasher.finalize()
    hasher.update(Array("abc".utf8))
    #expect(hasher.finalize() == SHA256.digest(of: Array("abc".utf8)))
  }

  @Test(arguments: [0, 1, 1 << 20, (1 << 20) + 1, 3 << 20]) func hashesFiles(_ size: Int) throws {
    let path = NSTemporaryDirectory() + "crisp-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let data = Data((0..<size).map { UInt8(truncatingIfNeeded: $0 >> 3) })
    try data.write(to: URL(fileURLWithPath: path))
    #expect(try SHA256.digest(ofFile: path) == SHA256.digest(of: data))
  }

  @Test(arguments: ["/nonexistent/file", "/"]) func unreadableFileIsNamed(_ path: String) {
    let error = #expect(throws: DigestError.self) { try SHA256.digest(ofFile: path) }
    #expect(error?.code == "unreadable_file")
    #expect(error?.description.contains(path) == true)
  }
}
