/// A strong entity tag (RFC 9110 §8.8.3).
public struct EntityTag: Sendable, Equatable {
  /// The tag without its quotes.
  public let opaque: String

  /// The tag as a field value: between quotes.
  public var fieldValue: String { "\"\(opaque)\"" }

  /// Nil unless every byte is an etagc: visible ASCII other than the double quote.
  public init?(_ opaque: String) {
    guard opaque.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") }) else {
      return nil
    }
    self.opaque = opaque
  }

  /// Whether a list such as `"a", W/"b"` or `*` holds this tag.
  ///
  /// Weak comparison ignores `W/`; strong comparison never matches a weak tag (RFC 9110
  /// §8.8.3.2). From the first malformed member on, nothing matches.
  func isIn(_ list: String, weakly: Bool) -> Bool {
    var rest = Array(list.utf8).trimmingWhitespace
    if rest.elementsEqual("*".utf8) { return true }
    while !rest.isEmpty {
      if let first = rest.first, first == UInt8(ascii: ",") || ByteClass.isWhitespace(first) {
        rest.removeFirst()
        continue
      }
      let isWeak = rest.starts(with: "W/".utf8)
      if isWeak { rest.removeFirst(2) }
      guard rest.popFirst() == UInt8(ascii: "\""),
        let end = rest.firstIndex(of: UInt8(ascii: "\""))
      else { return false }
      if rest[..<end].elementsEqual(opaque.utf8), weakly || !isWeak { return true }
      rest = rest[(end + 1)...]
    }
    return false
  }
}
