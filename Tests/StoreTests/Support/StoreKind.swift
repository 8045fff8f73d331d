import Store
import TestSupport

/// The stores there are.
enum StoreKind: String, Sendable {
  /// In the tests only: keeps the suite honest about what is a requirement and what is a habit.
  case memory
  case sqlite
  /// On the server that `CRISP_TEST_POSTGRES` names.
  case postgres

  /// A fresh store of its own.
  func fixture() throws -> Fixture {
    switch self {
    case .memory:
      let clock = TestClock()
      return try Fixture(store: MemoryStore(clock: clock.store), clock: clock, lifetime: clock)
    case .sqlite: return try StoreInFile().fixture
    case .postgres:
      #if Fleet
        return try PostgresDatabase.fixture()
      #else
        throw FixtureError.withoutFleet
      #endif
    }
  }
}
