import Inputs
import Testing

@Suite struct JSONReaderTests {
  private static func fault(_ bytes: [UInt8], limits: JSONLimits = JSONLimits(depth: 16))
    -> JSONFault?
  {
    do throws(JSONFault) {
      try JSONReader.check(bytes, limits: limits)
      return nil
    } catch {
      return error
    }
  }

  private static func number(_ text: String) throws(JSONFault) -> JSONNumber {
    var reader = JSONReader(Array(text.utf8), limits: JSONLimits(depth: 1))
    let number = try reader.number()
    try reader.end()
    return number
  }

  private static func string(_ text: String) throws(JSONFault) -> String {
    var reader = JSONReader(Array(text.utf8), limits: JSONLimits(depth: 1))
    return try reader.string()
  }

  /// RFC 8259 §2 to §7.
  @Test(arguments: [
    "0", "-0", "-0.5e+10", "1E3", "1e-3", "1e-999", "\"\"", #""\"\\\u00e9""#, "true", "false",
    "null", "[]", "{}", " [ 1 , [ ] , { \"a\" : null } ] \n", "\t{\"a\":1,\"b\":{\"a\":2}}\r\n",
    "\"é\u{1F600}\"", String(repeating: "[", count: 16) + String(repeating: "]", count: 16),
  ])
  func theGrammarIsTaken(text: String) { #expect(Self.fault(Array(text.utf8)) == nil) }

  @Test(arguments: [
    ("", 1, 1), (" ", 1, 2), ("[1,]", 1, 4), ("{\"a\":1,}", 1, 8), ("[1 2]", 1, 4), ("[1", 1, 3),
    ("{\"a\" 1}", 1, 6), ("{a:1}", 1, 2), ("{'a':1}", 1, 2), ("01", 1, 2), ("1.", 1, 3),
    (".5", 1, 1), ("+1", 1, 1), ("1e", 1, 3), ("NaN", 1, 1), ("Infinity", 1, 1), ("tru", 1, 4),
    ("trux", 1, 4), ("[]x", 1, 3), ("\"a", 1, 3), ("\"a\u{1}\"", 1, 3), ("\"\\", 1, 3),
    ("{\"a\":1}{", 1, 8), ("// a\n1", 1, 1), ("\u{FEFF}1", 1, 1), ("[\n  1,\n  2 3]", 3, 5),
    ("\"\\x\"", 1, 2), ("\"\\u12g4\"", 1, 6), ("\"a\\ud800\"", 1, 3), ("\"\\udc00\"", 1, 2),
    ("\"\\ud800\\u0041\"", 1, 2), ("[1e400]", 1, 2), ("[-1e400]", 1, 2), ("[}", 1, 2),
    ("[1}", 1, 3), ("{\"a\":1]", 1, 7),
    ("{\"a\":1,\"a\":1}", 1, 8), ("[{\"a\":1, \"\\u0061\":2}]", 1, 10),
    (String(repeating: "[", count: 17), 1, 17),
    ("[" + String(repeating: "1", count: 1101) + "]", 1, 2),
  ])
  func everythingElseIsPlaced(text: String, line: Int, column: Int) throws {
    let bytes = Array(text.utf8)
    let fault = try #require(Self.fault(bytes), "\(text)")
    #expect(fault.place(in: bytes) == (line, column), "\(text): \(fault)")
  }

  @Test(arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC3]])
  func stringsAreUTF8(bytes: [UInt8]) {
    let quote = UInt8(ascii: "\"")
    #expect(Self.fault([quote] + bytes + [quote])?.reason.contains("UTF-8") == true)
  }

  @Test func limitsAreKept() throws {
    let marks = String(repeating: "\u{301}", count: 129)
    #expect(Self.fault(Array("{\"\(marks)\":1}".utf8))?.offset == 2)
    let fewer = String(repeating: "\u{301}", count: 128)
    #expect(Self.fault(Array("{\"\(fewer)\":1}".utf8)) == nil)
    var limits = JSONLimits.request
    limits.values = 3
    #expect(Self.fault(Array("[1,2]".utf8), limits: limits) == nil)
    #expect(Self.fault(Array("[1,2,3]".utf8), limits: limits)?.offset == 5)
    let long = String(repeating: "x", count: 4097)
    #expect(Self.fault(Array("[\"\(long)\"]".utf8), limits: .request)?.offset == 2)
    #expect(Self.fault(Array("[\"\(long.dropLast())\"]".utf8), limits: .request) == nil)
  }

  @Test func escapesAreResolved() throws {
    #expect(try Self.string(#""a\"\\\/\b\f\n\r\tb""#) == "a\"\\/\u{8}\u{C}\n\r\tb")
    #expect(try Self.string(#""\u00e9\u0000\uD83D\uDE00\uffff""#) == "é\u{0}\u{1F600}\u{FFFF}")
  }

  @Test func wholeNumbersAreExact() throws {
    for value in [Int64.min, .min + 1, -1, 0, 1, 1 << 53 + 1, .max - 1, .max] {
      #expect(try Self.number("\(value)") == .integer(value))
    }
    #expect(try Self.number("-0") == .integer(0))
    #expect(try Self.number("9223372036854775808") == .real(0x1p63))
    #expect(try Self.number("-9223372036854775809") == .real(-0x1p63))
    #expect(try Self.number("18446744073709551616") == .real(0x1p64))
    #expect(try Self.number("1.0") == .real(1))
    #expect(try Self.number("1e3") == .real(1000))
  }

  /// Against the standard library's conversion, over all exponents and lengths of mantissas.
  @Test func realNumbersAreTheNearestDoubles() throws {
    var state: UInt64 = 1
    func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state
    }
    for _ in 0..<20_000 {
      let value = Double(bitPattern: next())
      guard value.isFinite else { continue }
      #expect(try Self.number(value.description).double == value)
      let digits = String(next()).prefix(Int(next() >> 59))
      let text = "\(digits.isEmpty ? "7" : digits).\(next() >> 40)e\(Int(next() >> 58) - 32)"
      #expect(try Self.number(text).double == Double(text), "\(text)")
    }
  }

  /// UAX #15: thirty marks on one letter are text, thirty-one are not.
  @Test func rowsOfCombiningMarksEnd() throws {
    for limits in [JSONLimits.request, .stored] {
      for (marks, isText) in [(0, true), (30, true), (31, limits.marks == .max)] {
        let pairs = Array("\u{301}\u{316}".unicodeScalars)
        let row = "a" + String(String.UnicodeScalarView((0..<marks).map { pairs[$0 % 2] }))
        for document in ["\"\(row)b\(row)\"", "{\"\(row)\": 0}"] {
          let text: Void? = try? JSONReader.check(Array(document.utf8), limits: limits)
          #expect((text != nil) == isText, "\(marks) marks")
        }
      }
    }
    // Of this one decomposition makes two marks.
    let vowels = Array("\"a\(String(repeating: "\u{F73}", count: 31))\"".utf8)
    #expect(throws: JSONFault.self) { try JSONReader.check(vowels, limits: .request) }
    // Letters that are composed of parts have none.
    let syllables = String(repeating: "각", count: 100)
    try JSONReader.check(Array("\"\(syllables)\"".utf8), limits: .request)
  }

  @Test func numbersBeyondDoublesAreRefused() throws {
    for text in ["1e309", "-1e309", "1e999999999999999999999", String(repeating: "9", count: 400)] {
      #expect(throws: JSONFault.self, "\(text)") { try Self.number(text) }
    }
    #expect(try Self.number("1e-999999999999999999999") == .real(0))
    #expect(try Self.number("0.000e999999999999999999999") == .real(0))
  }
}
