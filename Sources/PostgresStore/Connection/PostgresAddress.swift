#if Fleet
  import CPostgres
  import Foundation
  import Store

  /// Where a database is: an URI as PostgreSQL's own programs take it
  /// (https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING), perhaps of several hosts,
  /// of which the one that takes writes is used.
  package struct PostgresAddress: Sendable {
    /// The address for people and logs: without password and options.
    package let text: String
    /// Keywords and values of a connection.
    let parameters: [(keyword: String, value: String)]
    /// Whether a standby may be among them.
    let hasSeveralHosts: Bool
    private let secrets: [String]

    /// What connections have unless the address says otherwise: no wait without an end. A host that is gone
    /// is noticed within half a minute.
    private static let defaults = [
      ("connect_timeout", "5"), ("keepalives", "1"), ("keepalives_idle", "10"),
      ("keepalives_interval", "5"), ("keepalives_count", "3"), ("tcp_user_timeout", "20000"),
      ("target_session_attrs", "read-write"), ("application_name", "crisp-server"),
    ]

    /// - Throws: ``StoreError/badAddress(address:reason:)``.
    package init(_ uri: String) throws {
      var message: UnsafeMutablePointer<CChar>?
      guard !uri.utf8.contains(0), let options = PQconninfoParse(uri, &message) else {
        let reason = message.map { String(cString: $0) } ?? "it is not readable"
        PQfreemem(message)
        // The message may repeat the address.
        let hasSecret = uri.contains("@") || uri.contains("password")
        throw StoreError.badAddress(
          address: Self.hidingPassword(in: uri),
          reason: hasSecret
            ? "it is not readable" : reason.trimmingCharacters(in: .whitespacesAndNewlines))
      }
      defer { PQconninfoFree(options) }
      var given: [(keyword: String, value: String)] = []
      var option = options
      while let keyword = option.pointee.keyword {
        if let value = option.pointee.val {
          given.append((String(cString: keyword), String(cString: value)))
        }
        option += 1
      }
      let names = Set(given.map(\.keyword))
      // Texts of any kind are kept as they are.
      given.removeAll { $0.keyword == "client_encoding" }
      parameters =
        given + Self.defaults.filter { !names.contains($0.0) }.map { ($0.0, $0.1) }
        + [("client_encoding", "UTF8")]
      func value(_ keyword: String) -> String? { given.first { $0.keyword == keyword }?.value }
      secrets = ["password", "sslpassword"].compactMap(value).filter { !$0.isEmpty }
      let hosts = (value("host") ?? value("hostaddr") ?? "").split(
        separator: ",", omittingEmptySubsequences: false)
      hasSeveralHosts = hosts.count > 1
      let ports = (value("port") ?? "").split(separator: ",", omittingEmptySubsequences: false)
      let places = hosts.enumerated().map { index, host in
        let port = ports.count > 1 && index < ports.count ? ports[index] : ports.first ?? ""
        let name = host.contains(":") ? "[\(host)]" : host
        return port.isEmpty ? "\(name)" : "\(name):\(port)"
      }
      text =
        "postgresql://" + (value("user").map { "\($0)@" } ?? "") + places.joined(separator: ",")
        + "/" + (value("dbname") ?? "")
    }

    /// A message of the server or the library without what is secret.
    func cleared(_ message: String) -> String {
      secrets.reduce(message) { $0.replacingOccurrences(of: $1, with: "…") }
        .split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    /// An address that cannot be read, without what may be its password.
    private static func hidingPassword(in uri: String) -> String {
      var text = uri
      if let start = text.range(of: "://"), let end = text.lastIndex(of: "@"),
        start.upperBound < end
      {
        let user = text[start.upperBound..<end].prefix { $0 != ":" }
        text = String(text[..<start.upperBound] + user + text[end...])
      }
      return String(text.prefix { $0 != "?" })
    }

    /// The same with one parameter replaced.
    func with(_ keyword: String, _ value: String) -> [(keyword: String, value: String)] {
      parameters.filter { $0.keyword != keyword } + [(keyword, value)]
    }
  }
#endif
