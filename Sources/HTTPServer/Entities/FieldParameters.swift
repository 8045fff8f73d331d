/// A field's value with parameters, as `form-data; name="a"; filename="b.png"` (RFC 9110 §5.6.6).
struct FieldParameters {
  /// What stands before the first semicolon, in lower case.
  let value: String
  /// Names in lower case; of equal names the first counts.
  private var parameters: [String: String] = [:]

  /// Reads what is well formed and skips the rest.
  init(_ field: some Sequence<UInt8>) {
    var pieces: [[UInt8]] = [[]]
    var (isQuoted, isEscaped) = (false, false)
    for byte in field {
      switch byte {
      case _ where isEscaped:
        isEscaped = false
        pieces[pieces.count - 1].append(byte)
      case UInt8(ascii: "\\") where isQuoted: isEscaped = true
      case UInt8(ascii: "\""): isQuoted.toggle()
      case UInt8(ascii: ";") where !isQuoted: pieces.append([])
      default: pieces[pieces.count - 1].append(byte)
      }
    }
    let texts = pieces.map { String(decoding: Self.trimmed($0[...]), as: UTF8.self) }
    value = texts[0].lowercased()
    for text in texts.dropFirst() {
      guard let mark = text.utf8.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let name = text[..<mark].lowercased()
      if parameters[name] == nil {
        parameters[name] = String(text[text.utf8.index(after: mark)...])
      }
    }
  }

  subscript(name: String) -> String? { parameters[name] }

  /// How welcome the value is, 0…1: its `q`, or 1 (RFC 9110 §12.4.2); what is no number is 0.
  var quality: Double { self["q"].map { min(1, max(0, Double($0) ?? 0)) } ?? 1 }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    var bytes = bytes.drop(while: isSpace)
    while let last = bytes.last, isSpace(last) { bytes.removeLast() }
    return bytes
  }
}
