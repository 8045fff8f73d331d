#if Fleet
  import Foundation
  import PostgresStore
  import Store
  import Synchronization
  import Testing

  /// A database of its own on the server of the tests, which goes away with it.
  final class PostgresDatabase: Sendable {
    /// The address of a server on which databases may be made, such as `Tests/Fleet/postgres.sh` starts.
    static let server = ProcessInfo.processInfo.environment["CRISP_TEST_POSTGRES"]
    static let isThere = server != nil
    static let reason: Comment = "CRISP_TEST_POSTGRES names no server; make test-fleet starts one"

    let name: String
    var uri: String { Self.uri(name) }
    private static let count = Atomic<Int>(0)

    /// With this program's tables, unless `isEmpty`.
    init(isEmpty: Bool = false) throws {
      name = "crisp_\(getpid())_\(Self.count.add(1, ordering: .relaxed).newValue)"
      if isEmpty {
        try Self.run("CREATE DATABASE \(name)")
      } else {
        try Self.run("CREATE DATABASE \(name) TEMPLATE \(Self.template.get())")
      }
    }

    deinit { try? Self.run("DROP DATABASE \(name) WITH (FORCE)") }

    /// Runs statements in it, or with a name in another database.
    @discardableResult
    func execute(_ sql: String) throws -> PostgresResult {
      try PostgresConnection(PostgresAddress(uri)).execute(sql)
    }

    private static func run(_ sql: String) throws {
      try PostgresConnection(PostgresAddress(uri(nil))).execute(sql)
    }

    /// The server's address with another database's name, user or password.
    static func uri(_ database: String?, user: String? = nil, password: String? = nil) -> String {
      guard let server, var parts = URLComponents(string: server) else { return "" }
      if let database { parts.path = "/" + database }
      if let user { parts.user = user }
      if let password { parts.password = password }
      return parts.string ?? ""
    }

    /// The tables once, and a clock that tests set.
    private static let template = Result {
      let name = "crisp_\(getpid())_template"
      try run("CREATE DATABASE \(name)")
      _ = try PostgresStore.migrate(uri(name))
      return name
    }

    /// A fresh fixture whose store is in a database of its own and goes by the test's clock.
    static func fixture() throws -> Fixture {
      let database = try PostgresDatabase()
      let clock = TestClock()
      try database.execute(
        """
        CREATE TABLE test_clock (now bigint NOT NULL);
        INSERT INTO test_clock VALUES (\(Self.milliseconds(clock.now)));
        CREATE OR REPLACE FUNCTION crisp_now() RETURNS bigint LANGUAGE sql VOLATILE
          AS 'SELECT now FROM test_clock'
        """)
      let setter = try PostgresConnection(PostgresAddress(database.uri))
      let lent = Mutex(SendableConnection(connection: setter))
      clock.onChange { date in
        lent.withLock { setter in
          do {
            try setter.connection.execute("UPDATE test_clock SET now = \(Self.milliseconds(date))")
          } catch { Issue.record("the clock cannot be set: \(error)") }
        }
      }
      return try Fixture(
        store: PostgresStore(database.uri, configuration: Self.few), clock: clock,
        lifetime: database)
    }

    private static func milliseconds(_ date: Date) -> Int64 {
      Int64((date.timeIntervalSince1970 * 1000).rounded())
    }

    private struct SendableConnection: @unchecked Sendable {
      let connection: PostgresConnection
    }

    /// Tests run side by side, each with connections of its own.
    static let few: PostgresStore.Configuration = {
      var configuration = PostgresStore.Configuration()
      configuration.connections = 6
      configuration.poll = 50
      return configuration
    }()
  }
#endif
