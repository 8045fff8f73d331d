import HTTPTypes

/// One line of a header block or trailer section.
enum FieldLine {
  /// Bytes of a value that is not ASCII. Handlers compare values as texts, by what they mean
  /// (Unicode, canonical equivalence), which for a row of combining marks costs the square of its
  /// length.
  private static let mostTextBytes = 1024

  /// RFC 9112 §5: field-name ":" OWS field-value OWS.
  static func parse(_ line: ArraySlice<UInt8>) throws(FramingError) -> HTTPField {
    // RFC 9112 §5.2: a server rejects obs-fold; §2.2: likewise space before the first field.
    if let first = line.first, ByteClass.isWhitespace(first) { throw .foldedField }
    guard let colon = line.firstIndex(of: ByteClass.colon) else { throw .malformedField }
    // RFC 9112 §5.1: 400 for whitespace between name and colon; it is not a token byte.
    let name = line[..<colon]
    guard !name.isEmpty, name.allSatisfy(ByteClass.isToken),
      let fieldName = HTTPField.Name(String(decoding: name, as: UTF8.self))
    else { throw .malformedField }
    let value = line[(colon + 1)...].trimmingWhitespace
    guard value.count <= mostTextBytes || value.allSatisfy({ $0 < 0x80 }) else {
      throw .fieldNotASCII
    }
    return HTTPField(name: fieldName, value: value)
  }
}
