import Foundation
import ModelFormats
import Testing

@Suite struct HybridPatternTests {
  @Test(arguments: [
    (0, 4, 16, 1), (4, 4, 16, 1), (2, 8, 16, 1), (2, 4, 4, 1), (2, 4, 24, 1), (2, 4, 16, 3),
    (2, 4, 16, 0), (-1, 4, 16, 1),
  ])
  func refusesOtherNumbers(keep: Int, of: Int, block: Int, rows: Int) {
    do {
      _ = try HybridPattern(keep: keep, of: of, block: block, rows: rows)
      Issue.record("\(keep):\(of) B\(block) V\(rows) was accepted")
    } catch {
      #expect(error.code == "invalid_pattern")
    }
  }

  @Test func hasAStableJSONForm() throws {
    let pattern = try HybridPattern(keep: 2, block: 16, rows: 4)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(pattern), as: UTF8.self)
    #expect(text == #"{"block":16,"keep":2,"of":4,"rows":4}"#)
    #expect(try JSONDecoder().decode(HybridPattern.self, from: Data(text.utf8)) == pattern)
    let broken = Data(#"{"block":16,"keep":4,"of":4,"rows":4}"#.utf8)
    #expect(throws: FormatError.self) {
      try JSONDecoder().decode(HybridPattern.self, from: broken)
    }
  }

  @Test func countsSlotsAndBytes() throws {
    let pattern = try HybridPattern(keep: 1, block: 8, rows: 4)
    #expect(pattern.slotsPerRow == 2)
    #expect(pattern.slotsPerTile == 16)
    #expect(pattern.positionBytesPerTile == 1)
    #expect(pattern.description == "1:4 B8 V4")
  }
}
