import HTTPTypes

/// One line of a header block or trailer section.
enum FieldLine {
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
    return HTTPField(name: fieldName, value: line[(colon + 1)...].trimmingWhitespace)
  }
}
