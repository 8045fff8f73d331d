import Foundation
import HTTPServer
import Testing

@Suite struct RequestParserTests {
  @Test(arguments: ParserVectors.groups)
  func vectors(_ group: VectorGroup) {
    #expect(!group.vectors.isEmpty)
    for vector in group.vectors {
      #expect(
        ParserDriver.outcomes(vector.bytes, step: .max) == vector.outcomes, "\(vector.line)")
    }
  }

  @Test(arguments: ParserVectors.groups)
  func outcomesDoNotDependOnHowBytesArrive(_ group: VectorGroup) {
    for vector in group.vectors {
      #expect(ParserDriver.outcomes(vector.bytes, step: 1) == vector.outcomes, "\(vector.line)")
      for position in vector.bytes.indices.dropFirst() {
        #expect(
          ParserDriver.outcomes(vector.bytes, splitAt: position) == vector.outcomes,
          "\(vector.line) split at \(position)")
      }
    }
  }

  @Test func vectorsAreManyAndDifferent() {
    let all = ParserVectors.all
    #expect(all.count > 500)
    #expect(Set(all.map(\.bytes)).count == all.count)
    #expect(all.allSatisfy { !$0.outcomes.isEmpty && !$0.bytes.isEmpty })
    // Every error of framing that bytes can cause has a vector.
    let caused = Set(all.flatMap(\.outcomes).compactMap { $0.split(separator: " ").last })
    for error in FramingError.allCases
    where ![.headerTimeout, .bodyTimeout, .plainHTTP, .fieldNotASCII].contains(error) {
      #expect(caused.contains(error.code[...]), "\(error)")
    }
  }

  @Test func theTableIsUpToDate() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../Vectors/table.md")
    let text = VectorTable.text(ParserVectors.groups)
    if ProcessInfo.processInfo.environment["CRISP_WRITE_VECTOR_TABLE"] != nil {
      try text.write(to: path, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: path, encoding: .utf8) == text)
  }

  /// The vectors' header blocks are shorter than what this bounds.
  @Test func longFieldsAreASCII() throws {
    func outcome(_ count: Int, _ byte: UInt8) -> FramingError? {
      var parser = RequestParser(limits: Limits())
      let request =
        Array("GET / HTTP/1.1\r\nHost: a\r\nA: ".utf8)
        + [UInt8](repeating: byte, count: count) + Array("\r\n\r\n".utf8)
      request.withUnsafeBytes { parser.append($0) }
      do throws(FramingError) {
        _ = try parser.next()
        return nil
      } catch {
        return error
      }
    }
    #expect(outcome(1024, 0xCC) == nil)
    #expect(outcome(1025, 0x61) == nil)
    #expect(outcome(1025, 0xCC) == .fieldNotASCII)
  }

  @Test func everyFramingErrorIsRendered() {
    let codes = FramingError.allCases.map(\.code)
    #expect(Set(codes).count == codes.count)
    for error in FramingError.allCases {
      #expect((400...599).contains(error.status.code))
      #expect(!error.detail.isEmpty)
    }
  }

  /// Random edits of valid requests: any outcome is fine, as long as there is one and it does not
  /// depend on how the bytes arrive.
  @Test(arguments: 0..<16)
  func survivesMutations(seed: Int) {
    var random = SplitMix64(state: UInt64(seed))
    let valid = ParserVectors.all.filter { !$0.isRefused }
    for _ in 0..<1500 {
      var bytes = valid[Int(random.next() % UInt64(valid.count))].bytes
      for _ in 0...random.next() % 4 { mutate(&bytes, &random) }
      let whole = ParserDriver.outcomes(bytes, step: .max)
      let step = 1 + Int(random.next() % 5)
      #expect(ParserDriver.outcomes(bytes, step: step) == whole)
    }
  }

  private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    let tokens = [
      "\r\n", "\n", "\0", ":", " ", "chunked", "Content-Length: 1\r\n", "99999999999999",
    ]
    let position = Int(random.next() % UInt64(bytes.count + 1))
    let end = min(bytes.count, position + Int(random.next() % 6))
    switch random.next() % 4 {
    case 0: if position < bytes.count { bytes[position] = UInt8(truncatingIfNeeded: random.next()) }
    case 1: bytes.removeSubrange(position..<end)
    case 2: bytes.insert(contentsOf: bytes[position..<end], at: position)
    default:
      let token = tokens[Int(random.next() % UInt64(tokens.count))]
      bytes.insert(contentsOf: token.utf8, at: position)
    }
  }

  /// A search for the line's end that began anew with every byte would take minutes here.
  @Test func longInputByteByByteIsLinear() {
    var limits = Limits()
    limits.headerBlock = 4 << 20
    let bytes =
      Array("GET / HTTP/1.1\r\nHost: a\r\nA: ".utf8) + [UInt8](repeating: 97, count: 2 << 20)
    #expect(ParserDriver.outcomes(bytes, step: 1, limits: limits) == ["incomplete"])
  }
}

/// A small generator whose sequence does not change between runs.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
