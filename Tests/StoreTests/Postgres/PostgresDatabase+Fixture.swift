#if Fleet
  import Foundation
  import PostgresStore
  import Store
  import Synchronization
  import TestSupport
  import Testing

  extension PostgresDatabase {
    static let reason = Comment(rawValue: absence)

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
