import Digests
import Store
import Testing

@Suite struct StoreErrorTests {
  static let all: [StoreError] = {
    let job = JobID(unchecked: "job_0123456789abcdef01234567")
    let digest = SHA256.digest(of: [])
    return [
      .directoryMissing(path: "/p"), .notWritable(path: "/p", reason: "r"),
      .notADatabase(path: "/p"), .foreignDatabase(path: "/p", mark: "m"),
      .newerSchema(path: "/p", found: 2, supported: 1), .locked(path: "/p"),
      .cannotOpen(path: "/p", reason: "r"), .invalidValue(field: "seed", reason: "must be even"),
      .notFound(.job, "x"), .nameTaken(.dataset, "x"), .replaced(.baseModel, "x"),
      .idempotencyKeyReused("k"),
      .jobFinished(job, .failed), .queueFull(scope: .total, limit: 5), .leaseLost(job, attempt: 2),
      .jobAbandoned(job), .rangeOutOfBounds(offset: 1, length: 2, size: 3), .blobCorrupt(digest),
      .uploadExpired, .diskFull, .databaseCorrupt(reason: "r"),
      .failed(reason: "m"),
      .badAddress(address: "a", reason: "r"), .accessDenied(address: "a", reason: "r"),
      .readOnly(address: "a", reason: "r"), .unreachable(address: "a", reason: "r"),
      .busy(address: "a", reason: "r"), .olderSchema(path: "a", found: 0, supported: 1),
      .bytesUnavailable(reason: "r"), .cacheUnusable(path: "/p", reason: "r"),
    ]
  }()

  @Test func codesAreDistinctAndStable() {
    let codes = Self.all.map(\.code)
    #expect(Set(codes).count == codes.count)
    for code in codes {
      #expect(code.utf8.allSatisfy { $0 == UInt8(ascii: "_") || (97...122).contains($0) })
    }
  }

  @Test func textNamesWhatAndWhatToDo() {
    #expect(
      StoreError.newerSchema(path: "/p", found: 2, supported: 1).description
        == "/p was made by a newer version (schema 2; this program knows 1): use that version")
    #expect(
      StoreError.invalidValue(field: "seed", reason: "must be even").description
        == "seed must be even")
    #expect(
      StoreError.queueFull(scope: .user, limit: 2).description
        == "2 jobs of this user are waiting, which is the limit for one user: try again later")
    #expect(StoreError.notFound(.baseModel, "vgg").description == #"there is no base model "vgg""#)
  }
}
