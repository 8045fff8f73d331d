/// What may follow a chunk's size (RFC 9112 §7.1.1). Nobody here reads extensions; they are checked
/// because a line end that one reader takes for part of a quoted value starts the next message for
/// another.
enum ChunkExtensions {
  /// *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
  static func areValid(_ bytes: ArraySlice<UInt8>) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      skipWhitespace(&rest)
      guard rest.popFirst() == UInt8(ascii: ";") else { return false }
      skipWhitespace(&rest)
      guard takeToken(&rest) else { return false }
      var value = rest
      skipWhitespace(&value)
      guard value.popFirst() == UInt8(ascii: "=") else { continue }
      skipWhitespace(&value)
      guard takeToken(&value) || takeQuotedString(&value) else { return false }
      rest = value
    }
    return true
  }

  private static func skipWhitespace(_ bytes: inout ArraySlice<UInt8>) {
    bytes = bytes.drop(while: ByteClass.isWhitespace)
  }

  private static func takeToken(_ bytes: inout ArraySlice<UInt8>) -> Bool {
    let rest = bytes.drop(while: ByteClass.isToken)
    defer { bytes = rest }
    return rest.count < bytes.count
  }

  /// RFC 9110 §5.6.4. Control bytes are in no line that comes here.
  private static func takeQuotedString(_ bytes: inout ArraySlice<UInt8>) -> Bool {
    guard bytes.popFirst() == UInt8(ascii: "\"") else { return false }
    while let byte = bytes.popFirst() {
      if byte == UInt8(ascii: "\"") { return true }
      if byte == UInt8(ascii: "\\"), bytes.popFirst() == nil { return false }
    }
    return false
  }
}
