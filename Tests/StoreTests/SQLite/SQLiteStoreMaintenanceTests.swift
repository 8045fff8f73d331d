import Digests
import Foundation
import GRDB
import SQLiteStore
import Store
import TestSupport
import Testing

@Suite struct SQLiteStoreMaintenanceTests {
  let folder: TemporaryFolder
  let store: SQLiteStore
  let fixture: Fixture

  init() throws {
    let file = try StoreInFile()
    (folder, store, fixture) = (file.folder, file.store, file.fixture)
  }

  @Test func statisticsCount() throws {
    _ = try fixture.publishedModel("ann", "published")
    try fixture.submit("bob", "queued")
    let cancelled = try fixture.submit("bob", "cancelled").job.id
    _ = try store.requestCancel(cancelled)
    let statistics = try store.statistics()
    #expect(statistics.users == 2)
    #expect(
      statistics.jobs
        == [.queued: 1, .running: 0, .succeeded: 1, .failed: 0, .cancelled: 1])
    #expect(statistics.models == 1)
    #expect(statistics.blobs == 2)
    #expect(statistics.blobBytes == Int64("dense weights".count + "published".count))
    #expect(statistics.databaseBytes > 100_000)
  }

  @Test func fileStatisticsTellSizes() throws {
    let blob = try store.put(BlobStoreConformance.bytes(3_000_000))
    let before = try #require(try store.fileStatistics())
    #expect(before.databaseBytes + before.logBytes > 3_000_000)
    #expect(before.pages > 3_000_000 / 16384)
    #expect(before.freePages == 0)
    fixture.clock.advance(3600)
    #expect(try store.collectGarbage(olderThan: 60).contains(blob))
    let after = try #require(try store.fileStatistics())
    #expect(after.freePages > 3_000_000 / 16384 - 10)
    #expect(after.pages == before.pages)
  }

  @Test func soundStoreIsHealthy() throws {
    _ = try fixture.publishedModel("ann", "bags")
    let report = try store.check()
    #expect(report.isHealthy)
    #expect(report.blobsChecked == 2)
    #expect(report.bytesChecked == Int64("dense weights".count + "bags".count))
  }

  @Test func changedBytesAreFound() throws {
    let flipped = try store.put(BlobStoreConformance.bytes(3_000_000))
    let cut = try store.put(BlobStoreConformance.bytes(2_500_000, seed: 2))
    let lost = try store.put(BlobStoreConformance.bytes(2_100_000, seed: 3))
    let sound = try store.put(BlobStoreConformance.bytes(2_200_000, seed: 4))
    try DatabaseQueue(path: store.path).write { db in
      for (blob, change) in [
        (flipped, "UPDATE blob_chunks SET bytes = randomblob(length(bytes))"),
        (cut, "UPDATE blob_chunks SET bytes = substr(bytes, 2)"),
        (lost, "DELETE FROM blob_chunks"),
      ] {
        try db.execute(
          sql: """
            \(change) WHERE position = 1
            AND blob = (SELECT number FROM blobs WHERE digest = ?)
            """, arguments: [blob.digest.hex])
      }
    }
    let report = try store.check()
    #expect(report.corruptBlobs == [flipped, cut, lost].map(\.digest))
    #expect(!report.isHealthy && report.integrityErrors.isEmpty)
    #expect(try store.check(sound.digest))
    for blob in [cut, lost] {
      #expect(throws: StoreError.blobCorrupt(blob.digest)) {
        try store.open(blob.digest).read(offset: 1 << 20, length: 1)
      }
      // Other chunks are still there.
      #expect(try store.open(blob.digest).read(offset: 0, length: 1).count == 1)
    }
  }

  @Test func danglingReferencesAreFound() throws {
    let job = try fixture.submit("ann", "bags").job
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    try DatabaseQueue(path: store.path, configuration: configuration).write { db in
      try db.execute(sql: "DELETE FROM users")
    }
    let report = try store.check()
    #expect(!report.isHealthy)
    #expect(report.foreignKeyErrors.contains("a row of jobs refers to a missing row of users"))
    #expect(try store.job(job.id).id == job.id)
  }

  @Test func damagedValuesAreErrorsNotCrashes() throws {
    let job = try fixture.submit("ann", "bags").job
    try RawDatabase(path: store.path).execute(
      "PRAGMA ignore_check_constraints = ON; UPDATE jobs SET status = 'lost'")
    #expect(throws: StoreError.databaseCorrupt(reason: "status holds \"lost\"")) {
      try store.job(job.id)
    }
  }

  @Test func backupIsACompleteStore() throws {
    let model = try fixture.publishedModel("ann", "bags")
    let big = try store.put(BlobStoreConformance.bytes(2_500_000))
    let target = folder.file("backup.sqlite")
    try store.backup(to: target)
    try fixture.submit("bob", "after the backup")

    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(files.filter { $0.hasPrefix("backup") } == ["backup.sqlite"])
    let attributes = try FileManager.default.attributesOfItem(atPath: target)
    #expect(attributes[.posixPermissions] as? Int == 0o600)

    let copy = try SQLiteStore(path: target)
    #expect(try copy.check().isHealthy)
    #expect(try copy.check(big.digest))
    #expect(try copy.model(model.id) == model)
    #expect(throws: StoreError.notFound(.user, "bob")) { try copy.user(UserID("bob")) }
    #expect(throws: StoreError.nameTaken(.file, target)) { try store.backup(to: target) }
    let absent = folder.file("absent/backup.sqlite")
    #expect(throws: StoreError.self) { try store.backup(to: absent) }
  }

  @Test func aStalledUploadExpires() throws {
    var pieces = 0
    let bytes = BlobStoreConformance.bytes(1 << 20)
    #expect(throws: StoreError.uploadExpired) {
      try store.put {
        pieces += 1
        if pieces == 3 {
          fixture.clock.advance(100)
          _ = try store.collectGarbage(olderThan: 50)
        }
        return pieces < 5 ? bytes : nil
      }
    }
    #expect(try store.blob(SHA256.digest(of: bytes)) == nil)
  }

  @Test func whatACrashedUploadLeftIsCollected() throws {
    // As written by a process that died between two chunks.
    let raw = RawDatabase(path: store.path)
    try raw.execute(
      """
      INSERT INTO blobs (number, touched_at) VALUES (1000, 0);
      INSERT INTO blob_chunks (blob, position, bytes) VALUES (1000, 0, x'00')
      """)
    #expect(try store.statistics().blobs == 1)
    #expect(try store.collectGarbage(olderThan: 1).isEmpty)
    #expect(try raw.value("SELECT count(*) FROM blobs WHERE number = 1000", as: Int.self) == 0)
    #expect(try raw.value("SELECT count(*) FROM blob_chunks WHERE blob = 1000", as: Int.self) == 0)
  }
}
