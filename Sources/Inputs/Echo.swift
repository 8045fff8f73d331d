extension String {
  /// Bytes of what somebody sent that an error repeats.
  public static let longestEcho = 256

  /// The beginning of a text that somebody sent, for errors to repeat: whole characters (Unicode
  /// scalars) of at most so many bytes of UTF-8, with `…` after them if something is missing.
  public func echoed(_ longest: Int = longestEcho) -> String {
    guard utf8.count > longest else { return self }
    let ellipsis = "…"
    var end = utf8.index(utf8.startIndex, offsetBy: max(0, longest - ellipsis.utf8.count))
    // 10xxxxxx continues a scalar (RFC 3629 §3).
    while end > utf8.startIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
    return String(self[..<end]) + ellipsis
  }
}
