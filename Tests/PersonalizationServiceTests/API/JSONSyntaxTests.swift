import ControlPlane
import Foundation
import PersonalizationService
import Randomness
import ServiceAPI
import Testing

@Suite struct JSONSyntaxTests {
  private static func fault(_ text: String) -> JSONSyntax.Fault? {
    do throws(JSONSyntax.Fault) {
      try JSONSyntax.check(Array(text.utf8))
      return nil
    } catch {
      return error
    }
  }

  /// RFC 8259 §2 to §7.
  @Test(arguments: [
    "0", "-0", "-0.5e+10", "1E3", "1e-3", "\"\"", #""\"\\\u00e9""#, "true", "false", "null", "[]",
    "{}",
    " [ 1 , [ ] , { \"a\" : null } ] \n", "\t{\"a\":1,\"b\":{\"a\":2}}\r\n", "\"é\u{1F600}\"",
    String(repeating: "[", count: 512) + String(repeating: "]", count: 512),
  ])
  func theGrammarIsTaken(text: String) { #expect(Self.fault(text) == nil) }

  @Test(arguments: [
    ("", 1, 1), (" ", 1, 2), ("[1,]", 1, 4), ("{\"a\":1,}", 1, 8), ("[1 2]", 1, 4), ("[1", 1, 3),
    ("{\"a\" 1}", 1, 6), ("{a:1}", 1, 2), ("{'a':1}", 1, 2), ("01", 1, 2), ("1.", 1, 3),
    (".5", 1, 1),
    ("+1", 1, 1), ("1e", 1, 3), ("NaN", 1, 1), ("Infinity", 1, 1), ("tru", 1, 4), ("trux", 1, 4),
    ("[]x", 1, 3), ("\"a", 1, 3), ("\"a\u{1}\"", 1, 3), ("\"\\", 1, 3), ("{\"a\":1}{", 1, 8),
    ("{\n  \"a\": 1,\n  \"b\": 2,\n  \"a\": 3}", 4, 3), ("// a\n1", 1, 1), ("\u{FEFF}1", 1, 1),
    (String(repeating: "[", count: 513), 1, 513),
  ])
  func everythingElseIsPlaced(text: String, line: Int, column: Int) throws {
    let fault = try #require(Self.fault(text))
    #expect((fault.line, fault.column) == (line, column), "\(text): \(fault)")
  }

  /// What passes can be decoded, but for numbers and escapes that stand for nothing.
  @Test func whatPassesIsDecoded() throws {
    var generator = SeededGenerator(seed: 5, stream: "json")
    let pieces = ["{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "1", "-2.5", "true", "null", " "]
    var passed = 0
    for _ in 0..<20_000 {
      let length = Int.random(in: 1...9, using: &generator)
      let text = (0..<length)
        .map { _ in pieces[Int.random(in: 0..<pieces.count, using: &generator)] }.joined()
      guard Self.fault(text) == nil else { continue }
      passed += 1
      _ = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }
    #expect(passed > 100)
  }
}
