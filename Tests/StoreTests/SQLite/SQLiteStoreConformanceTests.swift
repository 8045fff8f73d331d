import Testing

@Suite struct SQLiteStoreConformanceTests {
  @Test(arguments: JobQueueConformance.submitting) func submitting(_ test: ConformanceCase) throws {
    try test.check(.sqlite())
  }

  @Test(arguments: JobQueueConformance.working) func working(_ test: ConformanceCase) throws {
    try test.check(.sqlite())
  }

  @Test(arguments: JobQueueConformance.ending) func ending(_ test: ConformanceCase) throws {
    try test.check(.sqlite())
  }

  @Test(arguments: JobQueueConformance.reading) func reading(_ test: ConformanceCase) throws {
    try test.check(.sqlite())
  }

  @Test(arguments: JobQueueConformance.fairness) func fairness(_ test: ConformanceCase) throws {
    try test.check(.sqlite())
  }

  @Test(arguments: JobQueueConformance.expiry) func expiry(_ test: ConformanceCase) throws {
    try test.check(.sqlite())
  }

  @Test(arguments: RetentionConformance.all) func retention(_ test: ConformanceCase) throws {
    try test.check(.sqlite())
  }

  @Test(arguments: ModelCatalogConformance.all) func catalog(_ test: ConformanceCase) throws {
    try test.check(.sqlite())
  }

  @Test(arguments: UserDirectoryConformance.all) func users(_ test: ConformanceCase) throws {
    try test.check(.sqlite())
  }

  @Test(arguments: TokenRegistryConformance.all) func tokens(_ test: ConformanceCase) throws {
    try test.check(.sqlite())
  }

  @Test(arguments: BlobStoreConformance.all) func blobs(_ test: ConformanceCase) throws {
    try test.check(.sqlite())
  }
}
