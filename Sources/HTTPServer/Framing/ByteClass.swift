/// The byte classes of the HTTP and URI grammars, as tables.
enum ByteClass {
  static let tab = UInt8(ascii: "\t")
  static let lineFeed = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
  static let space = UInt8(ascii: " ")
  static let colon = UInt8(ascii: ":")
  static let slash = UInt8(ascii: "/")
  static let percent = UInt8(ascii: "%")

  private static let tokens = table("!#$%&'*+-.^_`|~")
  private static let targets = table("-._~!$&'()*+,;=:@/?%")
  private static let names = table("-._~!$&'()*+,;=")

  /// RFC 9110 §5.6.2: tchar.
  static func isToken(_ byte: UInt8) -> Bool { tokens[Int(byte)] }

  /// RFC 3986 §3.3, §3.4: pchar, "/", "?" and the "%" of a percent-encoding.
  static func isTarget(_ byte: UInt8) -> Bool { targets[Int(byte)] }

  /// RFC 3986 §3.2.2: what a registered name holds besides percent-encodings.
  static func isName(_ byte: UInt8) -> Bool { names[Int(byte)] }

  /// RFC 9110 §5.5: what no field value, and no other line, may hold: CTL except HTAB.
  static func isControl(_ byte: UInt8) -> Bool { (byte < 0x20 && byte != tab) || byte == 0x7F }

  static func isWhitespace(_ byte: UInt8) -> Bool { byte == space || byte == tab }

  /// The value of a decimal digit. By hand because `Int("+5")` is 5.
  static func digit(_ byte: UInt8) -> UInt8? {
    byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : nil
  }

  /// The value of a hexadecimal digit. By hand because `Int("+a", radix: 16)` is 10.
  static func hexadecimal(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }

  private static func table(_ punctuation: String) -> [Bool] {
    var table = [Bool](repeating: false, count: 256)
    for byte in punctuation.utf8 { table[Int(byte)] = true }
    for byte in 0x30...0x39 { table[byte] = true }
    for byte in 0x41...0x5A { table[byte] = true }
    for byte in 0x61...0x7A { table[byte] = true }
    return table
  }
}

extension Collection<UInt8> {
  /// Whether the bytes are those of `lowercase`, ASCII letters compared without case.
  func equalsIgnoringCase(_ lowercase: String) -> Bool {
    elementsEqual(lowercase.utf8) { byte, expected in
      (byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte) == expected
    }
  }
}

extension BidirectionalCollection<UInt8> {
  /// The bytes without optional whitespace at both ends (RFC 9110 §5.6.3).
  var trimmingWhitespace: SubSequence {
    var bytes = self[...]
    while let first = bytes.first, ByteClass.isWhitespace(first) { bytes.removeFirst() }
    while let last = bytes.last, ByteClass.isWhitespace(last) { bytes.removeLast() }
    return bytes
  }
}
