/// Holds a body to JSON's grammar (RFC 8259), which Foundation's parsers on Linux do not: they take a
/// comma before a closing bracket, and of two members of one name the first. Says where it ends.
package struct JSONSyntax {
  /// Where a text stops being JSON, and why.
  package struct Fault: Error, Equatable {
    /// What is wrong there.
    package let reason: String
    /// From 1, in lines and bytes of the line.
    package let line, column: Int
  }

  /// Arrays and objects in one another. Foundation's parser has the same bound.
  private static let depthLimit = 512

  private let bytes: [UInt8]
  private var position = 0

  /// Throws the first fault of a text.
  package static func check(_ bytes: [UInt8]) throws(Fault) {
    var syntax = JSONSyntax(bytes: bytes)
    syntax.skipSpace()
    try syntax.value(depth: 0)
    syntax.skipSpace()
    if syntax.position < bytes.count { throw syntax.fault("something follows the value") }
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func fault(_ reason: String) -> Fault {
    let before = bytes[..<min(position, bytes.count)]
    let newline = UInt8(ascii: "\n")
    let start = before.lastIndex(of: newline).map { $0 + 1 } ?? 0
    return Fault(
      reason: next == nil ? "it ends too early" : reason,
      line: before.count { $0 == newline } + 1, column: before.count - start + 1)
  }

  private mutating func skipSpace() {
    while let byte = next {
      switch byte {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(Fault) {
    guard depth < Self.depthLimit else { throw fault("it is nested too deeply") }
    switch next {
    case UInt8(ascii: "{"): try object(depth)
    case UInt8(ascii: "["): try array(depth)
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "t"): try word("true")
    case UInt8(ascii: "f"): try word("false")
    case UInt8(ascii: "n"): try word("null")
    default: try number()
    }
  }

  private mutating func object(_ depth: Int) throws(Fault) {
    position += 1
    skipSpace()
    if take("}") { return }
    var names: Set<ArraySlice<UInt8>> = []
    while true {
      guard next == UInt8(ascii: "\"") else { throw fault("a name in quotes is missing") }
      let start = position
      let name = try string()
      guard names.insert(name).inserted else {
        position = start
        throw fault("this name is there already")
      }
      skipSpace()
      guard take(":") else { throw fault("a colon is missing") }
      skipSpace()
      try value(depth: depth + 1)
      skipSpace()
      if take("}") { return }
      guard take(",") else { throw fault("a comma or '}' is missing") }
      skipSpace()
    }
  }

  private mutating func array(_ depth: Int) throws(Fault) {
    position += 1
    skipSpace()
    if take("]") { return }
    while true {
      try value(depth: depth + 1)
      skipSpace()
      if take("]") { return }
      guard take(",") else { throw fault("a comma or ']' is missing") }
      skipSpace()
    }
  }

  /// The bytes between the quotes. That escapes and UTF-8 mean something is left to the decoder.
  private mutating func string() throws(Fault) -> ArraySlice<UInt8> {
    position += 1
    let start = position
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return bytes[start..<position - 1]
      case UInt8(ascii: "\\"): position += 2
      case 0..<0x20: throw fault("a control character in a string must be escaped")
      default: position += 1
      }
    }
    throw fault("")
  }

  private mutating func word(_ word: StaticString) throws(Fault) {
    for character in word.description.utf8 {
      guard next == character else { throw fault("no value is written like this") }
      position += 1
    }
  }

  private mutating func number() throws(Fault) {
    _ = take("-")
    if !take("0") { try digits() }
    if take(".") { try digits() }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      try digits()
    }
  }

  private mutating func digits() throws(Fault) {
    guard isDigit else { throw fault("no value is written like this") }
    while isDigit { position += 1 }
  }

  private var isDigit: Bool { next.map { (0x30...0x39).contains($0) } ?? false }
}
