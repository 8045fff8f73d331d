#if Fleet
  import Foundation
  import PostgresStore
  import Synchronization

  /// A database of its own on the server of the tests, which goes away with it.
  package final class PostgresDatabase: Sendable {
    /// The address of a server on which databases may be made, such as `Tests/Fleet/postgres.sh` starts.
    private static let server = ProcessInfo.processInfo.environment["CRISP_TEST_POSTGRES"]
    /// Whether there is one.
    package static let isThere = server != nil
    /// Why tests are left out where there is none.
    package static let absence = "CRISP_TEST_POSTGRES names no server; make test-fleet starts one"

    package let name: String
    package var uri: String { Self.uri(name) }
    private static let count = Atomic<Int>(0)

    /// With this program's tables, unless `isEmpty`.
    package init(isEmpty: Bool = false) throws {
      name = "crisp_\(getpid())_\(Self.count.add(1, ordering: .relaxed).newValue)"
      if isEmpty {
        try Self.run("CREATE DATABASE \(name)")
      } else {
        try Self.run("CREATE DATABASE \(name) TEMPLATE \(Self.template.get())")
      }
    }

    deinit { try? Self.run("DROP DATABASE \(name) WITH (FORCE)") }

    /// Runs statements in it.
    @discardableResult
    package func execute(_ sql: String) throws -> PostgresResult {
      try PostgresConnection(PostgresAddress(uri)).execute(sql)
    }

    private static func run(_ sql: String) throws {
      try PostgresConnection(PostgresAddress(uri(nil))).execute(sql)
    }

    /// The server's address with another database's name, user or password.
    package static func uri(_ database: String?, user: String? = nil, password: String? = nil)
      -> String
    {
      guard let server, var parts = URLComponents(string: server) else { return "" }
      if let database { parts.path = "/" + database }
      if let user { parts.user = user }
      if let password { parts.password = password }
      return parts.string ?? ""
    }

    /// The tables once.
    private static let template = Result {
      let name = "crisp_\(getpid())_template"
      try run("CREATE DATABASE \(name)")
      _ = try PostgresStore.migrate(uri(name))
      return name
    }
  }
#endif
