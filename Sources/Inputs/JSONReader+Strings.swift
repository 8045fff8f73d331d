extension JSONReader {
  /// A text; escapes are resolved. Half a surrogate pair and bytes that are not UTF-8 are faults:
  /// they stand for no character.
  public mutating func string() throws(JSONFault) -> String { try string(longest: limits.string) }

  mutating func string(longest: Int) throws(JSONFault) -> String {
    skipSpace()
    let quote = UInt8(ascii: "\"")
    guard take(quote) else { throw fault("a string is missing") }
    let beginning = position
    var start = position
    var decoded: [UInt8] = []
    while let byte = peek {
      switch byte {
      case quote:
        let rest = bytes[start..<position]
        position += 1
        // Most texts have no escape, and need no copy.
        if start == beginning { return try text(rest, from: beginning, longest) }
        decoded.append(contentsOf: rest)
        return try text(decoded[...], from: beginning, longest)
      case UInt8(ascii: "\\"):
        decoded.append(contentsOf: bytes[start..<position])
        position += 1
        try escape(into: &decoded)
        start = position
      case 0..<0x20: throw fault("a control character in a string must be escaped")
      default: position += 1
      }
    }
    throw fault("a string is not closed")
  }

  private func text(_ bytes: ArraySlice<UInt8>, from start: Int, _ longest: Int)
    throws(JSONFault) -> String
  {
    guard bytes.count <= longest else {
      throw fault("a text here may have at most \(longest) bytes", at: start)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw fault("a string holds bytes that are not UTF-8", at: start)
    }
    guard limits.marks == .max || text.combiningMarksInARow <= limits.marks else {
      throw fault("a text may have at most \(limits.marks) combining marks in a row", at: start)
    }
    return text
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSONFault) {
    let start = position - 1
    guard let byte = peek else { throw fault("an escape is cut off") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text.append(contentsOf: String(Character(try scalar(from: start))).utf8)
    default: throw fault("JSON has no such escape", at: start)
    }
  }

  /// The character of one `\uXXXX`, or of the two that make a surrogate pair.
  private mutating func scalar(from start: Int) throws(JSONFault) -> Unicode.Scalar {
    let first = try hexadecimalUnit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    let half = "half of a surrogate pair without the other half"
    guard UTF16.isLeadSurrogate(first), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
      throw fault(half, at: start)
    }
    let second = try hexadecimalUnit()
    // RFC 8259 §7, after Unicode's definition D75.
    guard UTF16.isTrailSurrogate(second),
      let scalar = Unicode.Scalar(
        0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00))
    else { throw fault(half, at: start) }
    return scalar
  }

  private mutating func hexadecimalUnit() throws(JSONFault) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      let digit: UInt8
      switch peek {
      case let byte? where (0x30...0x39).contains(byte): digit = byte - 0x30
      case let byte? where (0x41...0x46).contains(byte): digit = byte - 0x41 + 10
      case let byte? where (0x61...0x66).contains(byte): digit = byte - 0x61 + 10
      default: throw fault("'\\u' needs four hexadecimal digits")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }
}
