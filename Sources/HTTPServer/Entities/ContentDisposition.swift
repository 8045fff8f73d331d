/// The `Content-Disposition` of a download (RFC 6266).
public enum ContentDisposition {
  /// Longest name in bytes of UTF-8; file systems take 255.
  private static let maxByteCount = 200

  /// `attachment` under a name of any Unicode text: `filename*` (RFC 8187) for everyone, and
  /// `filename` in ASCII for clients that do not know it. The name is made one that every file
  /// system takes: short, no separators, no control or formatting characters, no dot in front.
  /// - Parameter ending: what the file is, such as `.txt`; ASCII, and never cut off.
  public static func attachment(_ stem: String, ending: String) -> String {
    let name = safe(stem, limit: maxByteCount - ending.utf8.count) + ending
    let ascii = String(
      String.UnicodeScalarView(
        name.unicodeScalars.map { $0.isASCII && $0 != "%" ? $0 : "_" }))
    // RFC 6266 appendix D: no escapes in `filename`, and `filename*` after it.
    guard ascii != name else { return "attachment; filename=\"\(name)\"" }
    return "attachment; filename=\"\(ascii)\"; filename*=UTF-8''\(encoded(name))"
  }

  private static func safe(_ text: String, limit: Int) -> String {
    var name = ""
    for character in text {
      let isUnsafe = character.unicodeScalars.contains { scalar in
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse:
          true
        // Direction marks could make an extension look like another one; joiners make letters.
        case .format: scalar != "\u{200C}" && scalar != "\u{200D}"
        default: "\"*/:<>?\\|".unicodeScalars.contains(scalar)
        }
      }
      name.append(isUnsafe ? "_" : character)
    }
    while let first = name.first, first == "." || first == " " { name.removeFirst() }
    while name.utf8.count > limit { name.removeLast() }
    return name.isEmpty ? "download" : name
  }

  /// RFC 8187 §3.2.1: all but attr-char.
  private static func encoded(_ name: String) -> String {
    var text = ""
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      case _ where "!#$&+-.^_`|~".utf8.contains(byte):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        text += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return text
  }
}
