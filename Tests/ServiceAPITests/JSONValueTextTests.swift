import Foundation
import Inputs
import Randomness
import ServiceAPI
import Testing

@Suite struct JSONValueTextTests {
  private static func value(_ text: String) -> JSONValue? { try? JSONValue(json: Array(text.utf8)) }

  /// Foundation's decoder takes a comma before a closing bracket, and of two members of one name the
  /// first: what this reader takes it takes too, and as the same value.
  @Test func whatIsReadIsWhatFoundationReads() throws {
    var generator = SeededGenerator(seed: 5, stream: "json")
    let pieces = [
      "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "1", "-2.5", "1e3", "true", "null", " ",
    ]
    var passed = 0
    for _ in 0..<20_000 {
      let text = (0..<Int.random(in: 1...9, using: &generator))
        .map { _ in pieces[Int.random(in: 0..<pieces.count, using: &generator)] }.joined()
      guard let value = Self.value(text) else { continue }
      passed += 1
      #expect(value == (try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))), "\(text)")
    }
    #expect(passed > 100)
  }

  @Test func namesThatComeTwiceAreRefused() {
    #expect(throws: JSONFault("this name appears twice", offset: 9)) {
      try JSONValue(json: Array(#"{"a": 1, "a": 2}"#.utf8))
    }
    #expect(Self.value(#"{"a": {"b": 1}, "b": {"a": 1}}"#) != nil)
  }

  @Test func sixteenLevelsAreTheMost() {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(Self.value(nested(16)) != nil)
    #expect(Self.value(nested(17)) == nil)
    #expect(Self.value(nested(100_000)) == nil)
    #expect((try? JSONValue(json: Array(nested(512).utf8), limits: .stored)) != nil)
  }

  @Test func whatIsWrittenIsReadAgain() throws {
    let value = JSONValue.object([
      "é 🤖": .string("\u{0}\u{1F}\"\\/\u{7F}"), "n": .number(-1.5e-7),
      "big": .integer(9_007_199_254_740_993), "least": .number(.leastNonzeroMagnitude),
      "most": .number(1.7976931348623157e308), "min": .integer(.min), "max": .integer(.max),
      "list": .array([
        .null, .bool(true), .bool(false), .array([]), .object([:]),
        .array([.array([.string("x")])]),
      ]),
    ])
    let text = JSONWriting.bytes(value)
    #expect(try JSONValue(json: text) == value)
    #expect(try JSONDecoder().decode(JSONValue.self, from: Data(text)) == value)
    #expect(JSONWriting.bytes(JSONValue.number(.nan)) == Array("null".utf8))
  }

  private struct Everything: Codable, Equatable {
    enum Kind: String, Codable { case one }
    struct Part: Codable, Equatable {
      let name: String
      let count: Int?
    }
    var text = "a\"/é\n"
    var absent: Int?
    var flag = true
    var seed = UInt64.max
    var least = Int64.min
    var share = 0.1
    var whole = 3.0
    var single: Float = 0.1
    var kind = Kind.one
    var parts = [Part(name: "x", count: nil), Part(name: "y", count: 2)]
    var table = ["b": [1, 2], "a": []]
    var document = JSONValue.object(["z": .array([.number(1.5), .null]), "y": .string("x")])
  }

  @Test func encodableValuesAreWrittenAsFoundationWritesThem() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let value = Everything()
    let text = try JSONWriting.bytes(value)
    #expect(
      String(decoding: text, as: UTF8.self)
        == String(decoding: try encoder.encode(value), as: UTF8.self))
    #expect(try JSONDecoder().decode(Everything.self, from: Data(text)) == value)
    #expect(throws: EncodingError.self) { try JSONWriting.bytes([Double.infinity]) }
  }
}
