/// Percent-encoding as signatures want it: everything but unreserved characters, in upper-case
/// hexadecimal (RFC 3986 §2.1, §2.3).
enum URIEncoding {
  /// A name or value of a query.
  static func component(_ text: String) -> String { encode(text, keepingSlash: false) }

  /// A path of keys, whose slashes stay.
  static func path(_ text: String) -> String { encode(text, keepingSlash: true) }

  /// Pairs of a query in the order of their encoded names, then values.
  static func query(_ items: [(name: String, value: String)]) -> String {
    items.map { (component($0.name), component($0.value)) }
      .sorted { $0 < $1 }
      .map { "\($0)=\($1)" }
      .joined(separator: "&")
  }

  private static func encode(_ text: String, keepingSlash: Bool) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        bytes.append(byte)
      case UInt8(ascii: "/") where keepingSlash: bytes.append(byte)
      default:
        bytes.append(contentsOf: [
          UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)],
        ])
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
