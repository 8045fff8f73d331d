/// Writes JSON with sorted keys, so that equal values are equal bytes, in linear time: Foundation's
/// encoder takes a microsecond or two for each value, which a list of jobs has many thousands of.
public enum JSONWriting {
  /// The value as UTF-8 text. Throws `EncodingError` for numbers that are not finite.
  public static func bytes(_ value: some Encodable) throws -> [UInt8] {
    var text: [UInt8] = []
    try JSONNode(encoding: value).write(to: &text)
    return text
  }

  /// Whether the value's text has at most so many bytes; stops when it has more.
  public static func fits(_ value: JSONValue, in limit: Int) -> Bool {
    var left = limit
    return take(value, from: &left)
  }

  private static func take(_ value: JSONValue, from left: inout Int) -> Bool {
    // Brackets, and a comma after each element.
    switch value {
    case .array(let elements):
      left -= 2 + max(0, elements.count - 1)
      return left >= 0 && elements.allSatisfy { take($0, from: &left) }
    case .object(let members):
      left -= 2 + max(0, members.count - 1) + members.count
      return left >= 0
        && members.allSatisfy { take(.string($0.key), from: &left) && take($0.value, from: &left) }
    default:
      left -= bytes(value).count
      return left >= 0
    }
  }

  /// The value as UTF-8 text. A number that is not finite, which no JSON text holds, becomes null.
  public static func bytes(_ value: JSONValue) -> [UInt8] {
    var text: [UInt8] = []
    write(value, to: &text)
    return text
  }

  static func write(_ value: JSONValue, to text: inout [UInt8]) {
    switch value {
    case .null: text.append(contentsOf: "null".utf8)
    case .bool(let value): text.append(contentsOf: (value ? "true" : "false").utf8)
    case .integer(let value): text.append(contentsOf: value.description.utf8)
    case .number(let value): text.append(contentsOf: (number(value) ?? "null").utf8)
    case .string(let value): write(value, to: &text)
    case .array(let elements):
      text.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        write(element, to: &text)
      }
      text.append(UInt8(ascii: "]"))
    case .object(let members):
      text.append(UInt8(ascii: "{"))
      for (index, member) in members.sorted(by: { $0.key.precedes($1.key) }).enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        write(member.key, to: &text)
        text.append(UInt8(ascii: ":"))
        write(member.value, to: &text)
      }
      text.append(UInt8(ascii: "}"))
    }
  }

  /// The shortest text that reads back as the same number; nil when there is none.
  static func number(_ value: Double) -> String? {
    guard value.isFinite else { return nil }
    let text = value.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  static func write(_ string: String, to text: inout [UInt8]) {
    text.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""): text.append(contentsOf: #"\""#.utf8)
      case UInt8(ascii: "\\"): text.append(contentsOf: #"\\"#.utf8)
      case 0x08: text.append(contentsOf: #"\b"#.utf8)
      case 0x0C: text.append(contentsOf: #"\f"#.utf8)
      case 0x0A: text.append(contentsOf: #"\n"#.utf8)
      case 0x0D: text.append(contentsOf: #"\r"#.utf8)
      case 0x09: text.append(contentsOf: #"\t"#.utf8)
      case 0..<0x20:
        let digits = Array("0123456789abcdef".utf8)
        text.append(contentsOf: #"\u00"#.utf8)
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
      default: text.append(byte)
      }
    }
    text.append(UInt8(ascii: "\""))
  }
}

extension String {
  /// The order of bytes: for names in ASCII that of letters, and the same for all others however
  /// many combining marks they have.
  func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
