import Digests
import Foundation
import Testing

@Suite struct SHA256DigestTests {
  let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

  @Test func hexRoundTrip() throws {
    let digest = try SHA256Digest(hex: hex)
    #expect(digest.hex == hex)
    #expect("\(digest)" == hex)
    #expect(digest.bytes.first == 0xba)
    #expect(digest.bytes.count == 32)
    #expect(try SHA256Digest(hex: hex.uppercased()) == digest)
    #expect(SHA256Digest(bytes: digest.bytes) == digest)
  }

  @Test(arguments: [
    "", "ba", String(repeating: "0", count: 63), String(repeating: "0", count: 65),
    "+a" + String(repeating: "0", count: 62), String(repeating: "g", count: 64),
    String(repeating: "0", count: 63) + "é", String(repeating: "０", count: 64),
  ])
  func rejects(_ text: String) {
    #expect(throws: DigestError.invalidHex(text)) { try SHA256Digest(hex: text) }
  }

  @Test(arguments: [0, 31, 33]) func rejectsByteCount(_ count: Int) {
    #expect(SHA256Digest(bytes: [UInt8](repeating: 1, count: count)) == nil)
  }

  @Test func codesAsHex() throws {
    let digest = try SHA256Digest(hex: hex)
    let json = try JSONEncoder().encode([digest])
    #expect(String(decoding: json, as: UTF8.self) == "[\"\(hex)\"]")
    #expect(try JSONDecoder().decode([SHA256Digest].self, from: json) == [digest])
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([SHA256Digest].self, from: Data("[\"xy\"]".utf8))
    }
  }

  @Test func comparesInConstantTime() throws {
    let digest = try SHA256Digest(hex: hex)
    #expect(digest.isEqualInConstantTime(to: digest))
    for position in 0..<32 {
      var bytes = digest.bytes
      bytes[position] ^= 0x80
      let other = try #require(SHA256Digest(bytes: bytes))
      #expect(!digest.isEqualInConstantTime(to: other))
    }
  }
}
