/// Percent-encoded text (RFC 3986 §2.1).
enum PercentCoding {
  /// Decodes one component.
  /// - Throws: `malformedTarget` for an incomplete or non-hexadecimal escape, for bytes that are
  ///   not UTF-8 and for NUL, which too many systems below take for the end of a text.
  static func decode(
    _ bytes: ArraySlice<UInt8>, plusIsSpace: Bool
  ) throws(FramingError) -> String {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var rest = bytes
    while let byte = rest.popFirst() {
      if byte == ByteClass.percent {
        guard let high = rest.popFirst().flatMap(ByteClass.hexadecimal),
          let low = rest.popFirst().flatMap(ByteClass.hexadecimal), high | low != 0
        else { throw .malformedTarget }
        decoded.append(high << 4 | low)
      } else {
        decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? ByteClass.space : byte)
      }
    }
    guard let text = String(validating: decoded, as: UTF8.self) else { throw .malformedTarget }
    return text
  }
}
