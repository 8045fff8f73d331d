import Glibc

/// IP addresses as text, as hosts in configurations and in Host fields. Names are not looked up.
package enum NumericAddress {
  /// Whether a text is an IPv4 address in four decimal parts, or an IPv6 address without brackets.
  package static func isValid(_ host: String) -> Bool {
    var address = in6_addr()
    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1
  }

  /// Whether a text is an address of this very machine: RFC 1122, 3.2.1.3: all of 127.0.0.0/8; RFC 4291
  /// §2.5.3: ::1, however it is written.
  package static func isLoopback(_ host: String) -> Bool {
    var address = in_addr()
    if inet_pton(AF_INET, host, &address) == 1 {
      return UInt32(bigEndian: address.s_addr) >> 24 == 127
    }
    var longAddress = in6_addr()
    guard inet_pton(AF_INET6, host, &longAddress) == 1 else { return false }
    return withUnsafeBytes(of: longAddress) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
  }
}
