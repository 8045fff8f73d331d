import Testing

/// One suite for every store.
@Suite struct ConformanceTests {
  @Test(arguments: [StoreKind.memory, .sqlite], ConformanceCase.all)
  func conforms(_ kind: StoreKind, to requirement: ConformanceCase) throws {
    let fixture = try kind.fixture()
    try requirement.check(fixture)
    withExtendedLifetime(fixture) {}
  }
}
