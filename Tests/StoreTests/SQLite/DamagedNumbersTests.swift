import Foundation
import GRDB
import SQLiteStore
import Store
import TestSupport
import Testing

/// Numbers in the file that no program wrote: an error that names them, never the end of the process.
@Suite struct DamagedNumbersTests {
  let folder: TemporaryFolder
  let store: SQLiteStore
  let fixture: Fixture

  init() throws {
    let file = try StoreInFile()
    (folder, store, fixture) = (file.folder, file.store, file.fixture)
  }

  /// Numbers at and beyond every edge.
  private static let numbers = [Int64.min, -5, (1 << 48) + 1, 1 << 53, .max]

  private func set(_ assignment: String) throws {
    try RawDatabase(path: store.path).execute(
      "PRAGMA ignore_check_constraints = ON; UPDATE \(assignment)")
  }

  /// That a call fails, and says which number it is.
  private func expectDamage(_ column: String, _ number: Int64, _ call: () throws -> Void) {
    let error = #expect(throws: StoreError.self, "\(column) \(number)") { try call() }
    guard case .databaseCorrupt(let reason) = error else {
      Issue.record("\(column) \(number): \(String(describing: error))")
      return
    }
    #expect(reason.hasPrefix("\(column) holds \(number)"), "\(reason)")
  }

  @Test(arguments: numbers) func sizes(_ number: Int64) throws {
    let model = try fixture.publishedModel("ann", "bags")
    try set("blobs SET size = \(number)")
    expectDamage("size", number) { _ = try store.open(model.blob.digest) }
    expectDamage("size", number) { _ = try store.blob(model.blob.digest) }
    try set("models SET size = \(number)")
    expectDamage("size", number) { _ = try store.model(model.id) }
    expectDamage("size", number) { _ = try store.models(ModelFilter(), after: nil, limit: 9) }
  }

  /// Within the range, but more than there is: nothing is made for it but what can be read.
  @Test func aSizeThatIsNotThere() throws {
    let model = try fixture.publishedModel("ann", "bags")
    try set("blobs SET size = \(1 << 48)")
    let reader = try store.open(model.blob.digest)
    #expect(throws: StoreError.blobCorrupt(model.blob.digest)) {
      try reader.read(offset: 0, length: Int(reader.size))
    }
  }

  @Test(arguments: numbers) func versionsAndCounters(_ number: Int64) throws {
    let job = try fixture.submit("ann", "bags").job
    _ = try store.append(NewEvent(type: "a", message: "b"), to: job.id)
    try set("profiles SET version = \(number)")
    expectDamage("version", number) { _ = try fixture.submit("ann", "boots") }
    expectDamage("version", number) { _ = try store.user(UserID("ann")) }
    try set("job_events SET sequence = \(number)")
    expectDamage("sequence", number) {
      _ = try store.events(of: job.id, after: .min, limit: 9)
      // Those before any that a reader can ask for are not seen.
      if number == .min {
        throw StoreError.databaseCorrupt(reason: "sequence holds \(number)")
      }
    }
    for column in ["attempt", "deaths", "class_count"] {
      try set("jobs SET attempt = 0, deaths = 0, class_count = 0")
      try set("jobs SET \(column) = \(number)")
      expectDamage(column, number) { _ = try store.job(job.id) }
    }
    try set("jobs SET attempt = 0, deaths = 0, class_count = 0, priority = \(number)")
    // The one that may be a priority.
    guard number != -5 else { return }
    expectDamage("priority", number) { _ = try store.job(job.id) }
    expectDamage("priority", number) { _ = try store.claim(worker: "w", lease: 9) }
  }

  @Test(arguments: numbers) func parameters(_ number: Int64) throws {
    try set("base_models SET parameter_count = \(number)")
    expectDamage("parameter_count", number) { _ = try store.baseModel("resnet") }
  }

  @Test func sumsThatOverflow() throws {
    _ = try fixture.publishedModel("ann", "bags")
    _ = try fixture.publishedModel("ann", "boots")
    try set("models SET size = \(Int64.max)")
    try set("blobs SET size = \(Int64.max)")
    let reason = "its numbers add up to more than there can be"
    #expect(throws: StoreError.databaseCorrupt(reason: reason)) {
      try store.storedBytes(of: UserID("ann"))
    }
    #expect(throws: StoreError.databaseCorrupt(reason: reason)) { try store.statistics() }
    try set("models SET size = CASE number WHEN 1 THEN \(Int64.max) ELSE 0 END")
    #expect(try store.storedBytes(of: UserID("ann")) == .max)
  }

  @Test(arguments: numbers) func aCheckNamesTheRow(_ number: Int64) throws {
    let model = try fixture.publishedModel("ann", "bags")
    try set("blobs SET size = \(number) WHERE digest = '\(model.blob.digest.hex)'")
    try set("profiles SET version = \(number)")
    let faults = try store.check().faults
    #expect(
      faults.contains { $0.hasPrefix("blob \(model.blob.digest.hex): size holds \(number)") },
      "\(faults)")
    #expect(faults.contains { $0.hasPrefix("a row of profiles: version holds \(number)") })
    let copy = folder.file("backup.sqlite")
    try store.backup(to: copy)
    let error = #expect(throws: StoreError.self) {
      try SQLiteStore.restore(copy, to: folder.file("restored.sqlite"))
    }
    #expect(error?.code == "backup_damaged")
  }

  @Test func aCheckReadsEveryRow() throws {
    let model = try fixture.publishedModel("ann", "bags")
    for (change, fault) in [
      ("models SET labels = '{}'", "a row of models (\(model.id))"),
      ("jobs SET id = 'job_x'", "a row of jobs (job_x): id holds \"job_x\""),
      ("base_models SET labels = '0'", "a row of base_models (resnet)"),
      ("datasets SET digest = 'x'", "a row of datasets (shapes)"),
    ] {
      let path = folder.file("\(change.hashValue).sqlite")
      try store.backup(to: path)
      try RawDatabase(path: path).execute(
        "PRAGMA ignore_check_constraints = ON; UPDATE \(change)")
      let faults = try SQLiteStore(path: path, access: .reading).check().faults
      #expect(faults.contains { $0.hasPrefix(fault) }, "\(change): \(faults)")
    }
  }

  @Test func aCheckComparesTheSchema() throws {
    #expect(try store.check().isHealthy)
    try RawDatabase(path: store.path).execute(
      """
      CREATE TRIGGER spy AFTER INSERT ON jobs BEGIN DELETE FROM users; END;
      CREATE VIEW glance AS SELECT * FROM tokens;
      DROP INDEX jobs_owner;
      DROP INDEX jobs_status; CREATE INDEX jobs_status ON jobs (status);
      """)
    #expect(
      try store.check().schemaErrors == [
        "the index jobs_owner is missing", "the index jobs_status was changed",
        "the trigger spy is none of this program's: drop it",
        "the view glance is none of this program's: drop it",
      ])
  }
}
