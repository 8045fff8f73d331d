#if Fleet
  import TestSupport
  import Testing

  @Suite(.enabled(if: PostgresDatabase.isThere, PostgresDatabase.reason))
  struct PostgresConformanceTests {
    @Test(arguments: ConformanceCase.all)
    func conforms(to requirement: ConformanceCase) throws {
      let fixture = try StoreKind.postgres.fixture()
      try requirement.check(fixture)
      withExtendedLifetime(fixture) {}
    }
  }
#endif
