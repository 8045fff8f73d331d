/// Tells whether a text is JSON (RFC 8259) without building anything from it: a parser makes of a
/// hostile text many times its size.
struct JSONSyntax {
  /// Foundation's parsers refuse deeper ones too.
  private static let deepest = 512

  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0

  /// Whether the text is one JSON value of any kind.
  static func isValid(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var syntax = JSONSyntax(bytes: bytes)
      return syntax.takeValue(depth: 0) && syntax.position == bytes.count
    }
  }

  private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek, [0x20, 0x0A, 0x0D, 0x09].contains(byte) { position += 1 }
  }

  /// A value with the space around it.
  private mutating func takeValue(depth: Int) -> Bool {
    guard depth <= JSONSyntax.deepest else { return false }
    skipSpace()
    defer { skipSpace() }
    switch peek {
    case UInt8(ascii: "{"): return takeList(closing: "}", named: true, depth: depth)
    case UInt8(ascii: "["): return takeList(closing: "]", named: false, depth: depth)
    case UInt8(ascii: "\""): return takeString()
    case UInt8(ascii: "t"): return takeWord("true")
    case UInt8(ascii: "f"): return takeWord("false")
    case UInt8(ascii: "n"): return takeWord("null")
    default: return takeNumber()
    }
  }

  private mutating func takeList(closing: Unicode.Scalar, named: Bool, depth: Int) -> Bool {
    position += 1
    skipSpace()
    if take(closing) { return true }
    repeat {
      if named {
        skipSpace()
        guard takeString() else { return false }
        skipSpace()
        guard take(":") else { return false }
      }
      guard takeValue(depth: depth + 1) else { return false }
    } while take(",")
    return take(closing)
  }

  private mutating func takeWord(_ word: StaticString) -> Bool {
    let end = position + word.utf8CodeUnitCount
    guard end <= bytes.count,
      bytes[position..<end].elementsEqual(
        UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    else { return false }
    position = end
    return true
  }

  private mutating func takeString() -> Bool {
    guard take("\"") else { return false }
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return true
      case 0..<0x20: return false
      case UInt8(ascii: "\\"): guard takeEscape() else { return false }
      default: break
      }
    }
    return false
  }

  private mutating func takeEscape() -> Bool {
    guard let byte = peek else { return false }
    position += 1
    guard byte == UInt8(ascii: "u") else { return "\"\\/bfnrt".utf8.contains(byte) }
    for _ in 0..<4 {
      guard let digit = peek, Character(Unicode.Scalar(digit)).isHexDigit else { return false }
      position += 1
    }
    return true
  }

  private mutating func takeNumber() -> Bool {
    _ = take("-")
    let startsWithZero = peek == UInt8(ascii: "0")
    let digits = takeDigits()
    guard digits > 0, digits == 1 || !startsWithZero else { return false }
    if take(".") {
      guard takeDigits() > 0 else { return false }
    }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      guard takeDigits() > 0 else { return false }
    }
    return true
  }

  private mutating func takeDigits() -> Int {
    let start = position
    while let byte = peek, (0x30...0x39).contains(byte) { position += 1 }
    return position - start
  }
}
