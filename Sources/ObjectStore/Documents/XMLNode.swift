import Foundation

/// An element of a small XML document: name, text and elements within. Attributes and namespaces do
/// not matter in S3's answers.
///
/// Read by ``XMLReader``, because FoundationXML would bring libxml2 and with it ICU's 30 MB to programs
/// that are otherwise linked into one file.
package struct XMLNode: Equatable {
  /// Without the namespace's prefix.
  package let name: String
  /// Of an element that has no others within.
  package internal(set) var text = ""
  package internal(set) var children: [XMLNode] = []

  /// The first element of that name within.
  package subscript(name: String) -> XMLNode? { children.first { $0.name == name } }

  /// All elements of that name within.
  package func all(_ name: String) -> [XMLNode] { children.filter { $0.name == name } }

  /// Reads a document; nil for what is none, for what is nested deeper than 16 or has more than 50,000
  /// elements, and for any with a document type, which could define entities.
  package init?(_ document: Data) {
    var reader = XMLReader(document)
    guard let root = reader.document() else { return nil }
    self = root
  }

  init(name: String) { self.name = name }
}

/// Reads XML 1.0 in UTF-8 (https://www.w3.org/TR/xml/), strictly, without document types. nil is a fault.
struct XMLReader {
  private static let deepest = 16
  /// A page of 1000 keys has some 10,000.
  private static let most = 50_000

  private let bytes: [UInt8]
  private var position = 0
  private var count = 0

  init(_ document: Data) { bytes = Array(document) }

  mutating func document() -> XMLNode? {
    _ = take("\u{FEFF}")
    guard skipMiscellany(), let root = element(depth: 1), skipMiscellany(), position == bytes.count
    else { return nil }
    return root
  }

  /// What may stand around the root: spaces, comments and instructions, the declaration among them.
  private mutating func skipMiscellany() -> Bool {
    while true {
      skipSpaces()
      if take("<!--") {
        guard skip(past: "-->") else { return false }
      } else if take("<?") {
        guard skip(past: "?>") else { return false }
      } else {
        return true
      }
    }
  }

  private mutating func element(depth: Int) -> XMLNode? {
    count += 1
    guard depth <= Self.deepest, count <= Self.most, take("<"), let name = name(),
      let isEmpty = attributes()
    else { return nil }
    var node = XMLNode(name: name.split(separator: ":").last.map(String.init) ?? name)
    if isEmpty { return node }
    var text: [UInt8] = []
    while true {
      if take("</") {
        guard self.name() == name else { return nil }
        skipSpaces()
        guard take(">") else { return nil }
        if node.children.isEmpty {
          guard let text = String(validating: text, as: UTF8.self) else { return nil }
          node.text = text
        }
        return node
      }
      if take("<!--") {
        guard skip(past: "-->") else { return nil }
      } else if take("<?") {
        guard skip(past: "?>") else { return nil }
      } else if take("<![CDATA[") {
        let start = position
        guard skip(past: "]]>") else { return nil }
        text += bytes[start..<(position - 3)]
      } else if peek == UInt8(ascii: "<") {
        guard let child = element(depth: depth + 1) else { return nil }
        node.children.append(child)
      } else if take("&") {
        guard let character = reference() else { return nil }
        text += Array(String(character).utf8)
      } else {
        guard let byte = peek else { return nil }
        text.append(byte)
        position += 1
      }
    }
  }

  /// Passes over attributes to the end of a tag.
  /// - Returns: Whether that ended the element.
  private mutating func attributes() -> Bool? {
    while true {
      skipSpaces()
      if take("/>") { return true }
      if take(">") { return false }
      guard name() != nil else { return nil }
      skipSpaces()
      guard take("=") else { return nil }
      skipSpaces()
      if take("\"") {
        guard skip(past: "\"") else { return nil }
      } else {
        guard take("'"), skip(past: "'") else { return nil }
      }
    }
  }

  private mutating func name() -> String? {
    let start = position
    while let byte = peek, Self.isName(byte) { position += 1 }
    guard position > start else { return nil }
    return String(validating: bytes[start..<position], as: UTF8.self)
  }

  /// What stands for a character, after its ampersand.
  private mutating func reference() -> Unicode.Scalar? {
    let start = position
    // The longest is &#x10FFFF;
    while let byte = peek, byte != UInt8(ascii: ";"), position - start < 10 { position += 1 }
    let name = String(decoding: bytes[start..<position], as: UTF8.self)
    guard take(";") else { return nil }
    switch name {
    case "amp": return "&"
    case "lt": return "<"
    case "gt": return ">"
    case "quot": return "\""
    case "apos": return "'"
    default:
      let digits = name.hasPrefix("#x") ? name.dropFirst(2) : name.dropFirst(1)
      guard name.hasPrefix("#"), digits.allSatisfy(\.isHexDigit),
        let value = UInt32(digits, radix: name.hasPrefix("#x") ? 16 : 10), value > 0
      else { return nil }
      return Unicode.Scalar(value)
    }
  }

  // MARK: Bytes

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { text in
      guard bytes[position...].starts(with: text) else { return false }
      position += text.count
      return true
    }
  }

  private mutating func skip(past text: StaticString) -> Bool {
    while position < bytes.count {
      if take(text) { return true }
      position += 1
    }
    return false
  }

  private mutating func skipSpaces() {
    while let byte = peek, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
  }

  private static func isName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"), UInt8(ascii: "_"),
      UInt8(ascii: "-"), UInt8(ascii: "."), 0x80...:
      true
    default: false
    }
  }
}
