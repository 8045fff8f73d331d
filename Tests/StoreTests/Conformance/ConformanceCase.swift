import Testing

/// One requirement of a protocol as a check that any store must pass.
///
/// A further store proves itself by running ``all`` on fixtures of its own, see ``StoreKind``.
struct ConformanceCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let check: @Sendable (Fixture) throws -> Void

  init(_ description: String, _ check: @escaping @Sendable (Fixture) throws -> Void) {
    testDescription = description
    self.check = check
  }

  /// Every requirement of every protocol of a ``CompleteStore``.
  static let all =
    JobQueueConformance.submitting + JobQueueConformance.working + JobQueueConformance.ending
    + JobQueueConformance.reading + JobQueueConformance.fairness + JobQueueConformance.expiry
    + JobQueueConformance.labels
    + RetentionConformance.all + ModelCatalogConformance.all + UserDirectoryConformance.all
    + TokenRegistryConformance.all + SpeedRegistryConformance.all + BlobStoreConformance.all
    + ObservationConformance.all + AdministrationConformance.all + RegistrationConformance.all
}
