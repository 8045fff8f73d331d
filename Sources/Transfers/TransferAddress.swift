import Foundation

/// What of a URL matters before it is asked.
struct TransferAddress: Equatable {
  /// Host and port as they are written, for errors.
  let host: String
  /// Whether the host is this machine, which no proxy leads to.
  let isLoopback: Bool

  private static let longest = 16 * 1024

  /// - Throws: ``TransferError/invalidURL(_:reason:)``.
  init(_ url: String) throws(TransferError) {
    // The query may hold a signature.
    let shown = String(url.prefix { $0 != "?" && $0 != "#" })
    guard url.utf8.count <= Self.longest else {
      throw .invalidURL(shown, reason: "it is longer than \(Self.longest) bytes")
    }
    guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw .invalidURL(shown, reason: "it has spaces or characters that must be escaped")
    }
    guard let parts = URLComponents(string: url), let scheme = parts.scheme else {
      throw .invalidURL(shown, reason: "it is no URL")
    }
    guard ["http", "https"].contains(scheme.lowercased()) else {
      throw .invalidURL(shown, reason: "it begins with neither http:// nor https://")
    }
    guard parts.user == nil, parts.password == nil else {
      throw .invalidURL("\(scheme)://…", reason: "user and password do not belong into it")
    }
    guard let name = parts.host, !name.isEmpty else {
      throw .invalidURL(shown, reason: "it names no host")
    }
    if let port = parts.port, !(1...65535).contains(port) {
      throw .invalidURL(shown, reason: "the port is not 1 to 65535")
    }
    host = parts.port.map { "\(name):\($0)" } ?? name
    let bare = name.trimmingCharacters(in: CharacterSet(charactersIn: "[]")).lowercased()
    isLoopback = bare == "localhost" || bare == "::1" || bare.hasPrefix("127.")
  }
}
