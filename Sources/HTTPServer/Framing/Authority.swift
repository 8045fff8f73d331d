import Glibc

/// The host and port of a Host field or an absolute target. Names are not looked up.
enum Authority {
  /// RFC 3986 §3.2.2: a name or address; §3.2.3: and maybe a port. RFC 9110 §4.2.1: not without a
  /// host; §4.2.4: no user information, so "@" is in no class here.
  static func isValid(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
    let bytes = Array(bytes)
    if bytes.first == UInt8(ascii: "[") {
      guard let end = bytes.firstIndex(of: UInt8(ascii: "]")) else { return false }
      return isAddress(bytes[1..<end]) && isPort(bytes[(end + 1)...])
    }
    let end = bytes.firstIndex(of: ByteClass.colon) ?? bytes.endIndex
    return isName(bytes[..<end]) && isPort(bytes[end...])
  }

  /// An IPv6 address; future kinds of literals are not known yet.
  private static func isAddress(_ bytes: ArraySlice<UInt8>) -> Bool {
    let isPlain = bytes.allSatisfy {
      ByteClass.hexadecimal($0) != nil || $0 == ByteClass.colon || $0 == UInt8(ascii: ".")
    }
    guard isPlain else { return false }
    var address = in6_addr()
    return inet_pton(AF_INET6, String(decoding: bytes, as: UTF8.self), &address) == 1
  }

  private static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
    var rest = bytes
    while let byte = rest.popFirst() {
      guard byte == ByteClass.percent else {
        if ByteClass.isName(byte) { continue }
        return false
      }
      guard rest.popFirst().flatMap(ByteClass.hexadecimal) != nil,
        rest.popFirst().flatMap(ByteClass.hexadecimal) != nil
      else { return false }
    }
    return !bytes.isEmpty
  }

  /// Nothing, or a colon and up to 65535; the digits may be missing.
  private static func isPort(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard let colon = bytes.first else { return true }
    guard colon == ByteClass.colon else { return false }
    let digits = bytes.dropFirst().drop { $0 == UInt8(ascii: "0") }
    guard digits.count <= 5 else { return false }
    var port = 0
    for byte in digits {
      guard let digit = ByteClass.digit(byte) else { return false }
      port = port * 10 + Int(digit)
    }
    return port <= 65535
  }
}
