import Foundation
import Randomness
import ServiceAPI

/// Random JSON within the types of a schema of openapi.json, but with the values that programs break
/// on: as text, because not all of it can be a value here.
struct HostileJSON {
  private static let numbers = [
    "0", "-0", "-0.0", "1", "2", "8", "0.5", "0.8", "1e-300", "-1e-300", "5e-324", "1e308",
    "-1e308",
    "1.7976931348623157e308", "1e309", "-1e999", "9223372036854775807", "-9223372036854775808",
    "9223372036854775808", "-9223372036854775809", "18446744073709551616", "9007199254740991",
    "9007199254740993", "1e15", "1000000000000001", "1e37", "3.5e38", "2147483648", "4294967296",
    "1E+00000000000000000000000001", "1e99999999999999999999", "0.1e-99999999999999999999",
    String(repeating: "9", count: 400), "0." + String(repeating: "0", count: 400) + "1", "100",
    "1000", "1001", "512", "513", "65537",
  ]
  private static let strings = [
    "", " ", "a", "top left", "middle", "café", "cafe\u{301}", "toy-net", "NaN", "Infinity", "-1",
    "../../etc/passwd", "\u{0}", "\u{202E}x", "🤖", "\u{FFFF}", "low", "high", "normal", "blocks",
    "%s%n", "<script>", "'\"\\", String(repeating: "x", count: 300),
    String(repeating: "é", count: 200),
    String(repeating: "\u{301}\u{316}", count: 500), String(repeating: "x", count: 5000),
  ]
  /// Not JSON, or more of it than a request may have.
  private static let nonsense = [
    "", "{", "NaN", "[1,]", "\"\\ud800\"", "\"\\u0000\"", "{\"a\":1,\"a\":2}", "tru",
    String(repeating: "[", count: 40) + String(repeating: "]", count: 40),
    String(repeating: "{\"a\":", count: 600) + "1" + String(repeating: "}", count: 600),
    "[" + String(repeating: "{},", count: 40_000) + "{}]",
  ]

  private let document: JSONValue
  var generator: SeededGenerator

  init(document: JSONValue, seed: UInt64) {
    self.document = document
    generator = SeededGenerator(seed: seed, stream: "hostile")
  }

  mutating func chance(_ share: Double) -> Bool { generator.nextUniform() < share }

  mutating func pick<Element>(_ list: [Element]) -> Element {
    list[generator.nextIndex(below: list.count)]
  }

  mutating func number() -> String { pick(Self.numbers) }

  mutating func text() -> String { pick(Self.strings) }

  /// A value of a schema of the document.
  mutating func value(of schema: JSONValue, depth: Int = 0) -> String {
    if chance(0.01) { return pick(Self.nonsense) }
    if let reference = schema["$ref"]?.text {
      let target = reference.dropFirst(2).split(separator: "/").reduce(document) { found, name in
        found[String(name)] ?? .null
      }
      return value(of: target, depth: depth)
    }
    for word in ["oneOf", "anyOf", "allOf"] {
      if case .array(let choices)? = schema[word], !choices.isEmpty {
        return value(of: pick(choices), depth: depth)
      }
    }
    if let constant = schema["const"], chance(0.9) { return literal(constant) }
    if case .array(let choices)? = schema["enum"], !choices.isEmpty, chance(0.8) {
      return literal(pick(choices))
    }
    // A value that is allowed, now and then, so that a request gets far.
    if let usual = usual(schema), chance(0.6) { return usual }
    var types: [String] = []
    if case .array(let list)? = schema["type"] { types = list.compactMap(\.text) }
    if let type = schema["type"]?.text { types = [type] }
    switch types.isEmpty ? "any" : pick(types) {
    case "object": return object(schema, depth)
    case "array":
      let items = schema["items"] ?? .object([:])
      let count = generator.nextIndex(below: 5)
      return "["
        + (0..<count).map { _ in value(of: items, depth: depth + 1) }
        .joined(separator: ",") + "]"
    case "integer", "number": return number()
    case "string": return literal(.string(text()))
    case "boolean": return pick(["true", "false"])
    case "null": return "null"
    default: return any(depth)
    }
  }

  private mutating func object(_ schema: JSONValue, _ depth: Int) -> String {
    var members: [String] = []
    var required: Set<String> = []
    if case .array(let names)? = schema["required"] { required = Set(names.compactMap(\.text)) }
    if case .object(let properties)? = schema["properties"] {
      for (name, property) in properties.sorted(by: { $0.key < $1.key })
      where chance(required.contains(name) ? 0.97 : 0.25) {
        members.append("\(literal(.string(name))):\(value(of: property, depth: depth + 1))")
      }
    }
    if chance(0.05) || schema["properties"] == nil && chance(0.5) {
      members.append("\(literal(.string(text()))):\(any(depth + 1))")
    }
    return "{\(members.joined(separator: ","))}"
  }

  private mutating func any(_ depth: Int) -> String {
    switch generator.nextIndex(below: depth > 4 ? 3 : 5) {
    case 0: number()
    case 1: literal(.string(text()))
    case 2: pick(["true", "false", "null", "[]", "{}"])
    case 3: "[\(any(depth + 1)),\(any(depth + 1))]"
    default: "{\"a\":\(any(depth + 1)),\(literal(.string(text()))):\(any(depth + 1))}"
    }
  }

  /// The least value that a schema's bounds allow, or a class of the toy network.
  private mutating func usual(_ schema: JSONValue) -> String? {
    if let minimum = schema["minimum"] { return literal(minimum) }
    if schema["maxLength"] != nil {
      return literal(.string(pick(["top left", "middle", "bottom right", "top right"])))
    }
    return nil
  }

  private func literal(_ value: JSONValue) -> String {
    String(decoding: JSONWriting.bytes(value), as: UTF8.self)
  }
}
