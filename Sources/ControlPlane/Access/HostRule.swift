import HTTPServer

/// Under which names a server without tokens answers.
///
/// A page's script may read answers of its own origin only, and an origin is a name, not an address. A
/// site whose name suddenly means 127.0.0.1 (DNS rebinding) makes the reader's browser a client of the
/// server there, with all that an open server lets its clients do. Such a request names the site in
/// its Host field, which no script can change.
///
/// Names that mean this machine for every browser are safe: `localhost` and names below it (RFC 6761
/// §6.3), and loopback addresses. So is an address in general, because it stays what it is: beyond
/// loopback, where an operator chose to listen without tokens, all of them are answered. Everything
/// else has to be allowed by name. With tokens no rule is needed: a page of another site has none.
package struct HostRule: Sendable {
  private let admitsAddresses: Bool
  private let names: Set<String>

  /// The rule of a server without tokens.
  /// - Parameters:
  ///   - host: where the server listens.
  ///   - allowed: further names, see ``isName(_:)``.
  package init(listeningOn host: String, allowed: [String]) {
    admitsAddresses = !Self.isLoopback(host)
    names = Set(([host] + allowed).map(Self.normalized))
  }

  /// Whether a request that means this host and port may be answered. Nil, a request without any, is
  /// HTTP/1.0, which no browser speaks.
  func admits(_ authority: String?) -> Bool {
    guard let authority else { return true }
    let host = Self.host(of: authority)
    return Self.isLoopback(host) || host.hasSuffix(".localhost") && Self.isName(host)
      || names.contains(host)
      || admitsAddresses && NumericAddress.isValid(host)
  }

  /// Whether a text is a name or an address as `--allowed-host` takes it: without a port.
  package static func isName(_ text: String) -> Bool {
    if NumericAddress.isValid(normalized(text)) { return true }
    return (1...253).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
          UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }

  /// Whether a host means this machine everywhere. Names but localhost may mean anything,
  /// 127.example.com too.
  package static func isLoopback(_ host: String) -> Bool {
    host == "localhost" || NumericAddress.isLoopback(host)
  }

  /// The host of a valid authority, in the form in which hosts are compared.
  private static func host(of authority: String) -> String {
    if authority.hasPrefix("[") { return normalized(String(authority.prefix { $0 != "]" }) + "]") }
    return normalized(String(authority.prefix { $0 != ":" }))
  }

  /// Lower case, without the dot of the root and the brackets of an address.
  private static func normalized(_ host: String) -> String {
    var host = host.lowercased()
    if host.hasPrefix("["), host.hasSuffix("]") { return String(host.dropFirst().dropLast()) }
    if host.count > 1, host.hasSuffix(".") { host.removeLast() }
    return host
  }
}
