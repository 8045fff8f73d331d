import Testing

/// One requirement of a protocol as a check that any store must pass.
///
/// A further store proves itself by running every case of the conformance enums on a fixture of its
/// own, as `SQLiteStoreConformanceTests` does.
struct ConformanceCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let check: @Sendable (Fixture) throws -> Void

  init(_ description: String, _ check: @escaping @Sendable (Fixture) throws -> Void) {
    testDescription = description
    self.check = check
  }
}
