import ClassWeights
import Foundation
import GRDB
import Migrations
import SQLiteStore
import Store
import TestSupport
import Testing

/// Lists cost what they show, whatever was asked for.
@Suite struct ShortRowsTests {
  let fixture: Fixture
  let store: SQLiteStore

  init() throws {
    let file = try StoreInFile()
    (store, fixture) = (file.store, file.fixture)
  }

  private static func classes(_ count: Int) -> [ClassWeight] {
    (0..<count).map { ClassWeight(name: "class \($0)", weight: 0.5) }
  }

  /// The form in which profiles are stored.
  private static func profile(_ classes: [ClassWeight]) -> String {
    "[\(classes.map { #"{"name":"\#($0.name)","weight":0.5}"# }.joined(separator: ","))]"
  }

  private func submit(
    _ user: String, _ count: Int, metadata: String = "{}", limits: QueueLimits = Fixture.wideLimits
  ) throws -> JobRecord {
    var submission = try fixture.submission(user, "\(count) \(metadata)", limits: limits)
    submission.classes = Self.classes(count)
    submission.profile = Fixture.json(Self.profile(submission.classes))
    submission.metadata = Fixture.json(metadata)
    return try store.submit(submission).job
  }

  @Test(arguments: [2, 20, 21, 5000]) func aListShowsTheFirstClasses(_ count: Int) throws {
    let whole = Self.profile(Self.classes(count))
    let first = Self.profile(Array(Self.classes(count).prefix(20)))
    let job = try submit("ann", count)
    #expect(String(decoding: job.profile, as: UTF8.self) == whole)
    #expect(try store.job(job.id) == job)
    let ann = try UserID("ann")
    for filter in [JobFilter(), JobFilter(user: ann), JobFilter(status: .queued)] {
      let listed = try #require(try store.jobs(filter, after: nil, limit: 5).elements.first)
      #expect(String(decoding: listed.profile, as: UTF8.self) == first)
      #expect(listed.classCount == count)
    }
    #expect(try store.user(ann).profile?.classes == Self.classes(count))
    let version = try #require(try store.profiles(of: ann).first)
    #expect(version.classes == Array(Self.classes(count).prefix(20)))
    #expect(version.classCount == count)
    // Nothing new: the same classes, all of them, are the current version already.
    _ = try submit("ann", count, metadata: #"{"again":1}"#)
    #expect(try store.profiles(of: ann).map(\.version) == [1])
    #expect(try #require(try fixture.claim()).profile == job.profile)
    #expect(try store.check().isHealthy)
  }

  @Test func aListOfModelsShowsTheFirstLabels() throws {
    _ = try submit("ann", 30)
    let job = try #require(try fixture.claim())
    var model = try fixture.newModel()
    model.labels = Self.classes(30).map(\.name)
    model.card = Fixture.json(
      #"{"classes":[{"name":"a","weight":1}],"accuracy":{"pruned":0.5,"per_class":{"a":1}}}"#)
    let made = try store.publish(job.id, attempt: 1, model: model)
    #expect(made.labels == model.labels && made.card == model.card && made.labelCount == 30)
    #expect(try store.model(made.id) == made)
    let listed = try #require(
      try store.models(ModelFilter(user: UserID("ann")), after: nil, limit: 5).elements.first)
    #expect(listed.labels == Array(model.labels.prefix(20)))
    #expect(listed.labelCount == 30)
    #expect(
      String(decoding: listed.card, as: UTF8.self)
        == #"{"classes":[],"accuracy":{"pruned":0.5,"per_class":{}}}"#)
    #expect(try store.check().isHealthy)
  }

  @Test func aPageEndsWhenItHasManyBytes() throws {
    let note = String(repeating: "n", count: 4000)
    let jobs = try (0..<100).map { try submit("ann", 2 + $0, metadata: #"{"n":"\#(note)"}"#) }
    var seen: [JobID] = []
    var pages = 0
    var after: JobID?
    while true {
      let page = try store.jobs(JobFilter(), after: after, limit: 100)
      seen += page.elements.map(\.id)
      pages += 1
      let bytes = page.elements.reduce(0) { $0 + $1.metadata.count + $1.profile.count }
      #expect(bytes <= Page<JobRecord>.byteLimit + 8000)
      guard page.hasMore else { break }
      after = page.elements.last?.id
    }
    #expect(seen == jobs.map(\.id).reversed())
    #expect(pages == 2)
  }

  @Test func anEventLargerThanAPageIsAPage() throws {
    let job = try submit("ann", 2).id
    let long = String(repeating: "m", count: Page<EventRecord>.byteLimit + 1)
    for message in [long, "short", long] {
      _ = try store.append(NewEvent(type: "a", message: message), to: job)
    }
    let first = try store.events(of: job, after: 0, limit: 10)
    #expect(first.elements.map(\.sequence) == [1] && first.hasMore)
    let second = try store.events(of: job, after: 1, limit: 10)
    #expect(second.elements.map(\.sequence) == [2, 3] && !second.hasMore)
  }

  /// A document that is none becomes null: it would go out as it is.
  @Test func aDamagedDocumentIsNotPassedOn() throws {
    let job = try submit("ann", 2)
    try RawDatabase(path: store.path).execute(
      "PRAGMA ignore_check_constraints = ON; UPDATE jobs SET metadata = '{', profile = '['")
    for found in [
      try store.job(job.id), try store.jobs(JobFilter(), after: nil, limit: 1).elements[0],
    ] {
      #expect(found.metadata == Fixture.json("null") && found.profile == Fixture.json("null"))
    }
  }

  // MARK: Quotas

  /// Asking for very much and taking it back must not go round the quota.
  @Test func whatWasAskedCounts() throws {
    let ann = try UserID("ann")
    let job = try submit("ann", 5000)
    let documents = [job.profile, job.recipe, job.metadata].reduce(0) { $0 + $1.count }
    let stored = try store.storedBytes(of: ann)
    // The version of the profile holds the classes twice, in two forms.
    #expect(stored > Int64(16384 + documents + 2 * 150_000))
    _ = try store.requestCancel(job.id)
    #expect(try store.storedBytes(of: ann) == stored)
    let limits = QueueLimits(total: 10, perUser: 10, storedBytes: stored)
    #expect(throws: StoreError.quotaExceeded(stored: stored, limit: stored)) {
      _ = try submit("ann", 5000, metadata: #"{"again":1}"#, limits: limits)
    }
  }

  @Test func theHistoryOfAProfileIsBoundedInBytes() throws {
    let ann = try UserID("ann")
    for count in 5000..<5030 {
      let job = try submit("ann", count)
      _ = try store.requestCancel(job.id)
    }
    let versions = try store.profiles(of: ann).map(\.version)
    #expect(versions.first == 30)
    #expect(versions == Array((30 - versions.count + 1...30).reversed()))
    let bytes = try RawDatabase(path: store.path).value(
      "SELECT sum(bytes) FROM profiles", as: Int.self)
    #expect(try #require(bytes) <= UserRecord.historyByteLimit)
    #expect(versions.count > 8)
    let kept = try RawDatabase(path: store.path).value(
      "SELECT count(*) FROM profile_documents", as: Int.self)
    #expect(kept == versions.count)
  }

  // MARK: Migration

  @Test func rowsOfBeforeBecomeShort() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("crisp.sqlite")
    let at = try #require(migrations.firstIndex { $0.identifier == "m009_short_rows" })
    try SQLiteStore(path: path, schema: Array(migrations.prefix(at))).close()
    let long = Self.profile(Self.classes(25))
    let short = Self.profile(Self.classes(3))
    let digest = Fixture.digest("").hex
    try RawDatabase(path: path).execute(
      """
      INSERT INTO blobs (digest, size, touched_at) VALUES ('\(digest)', 0, 1);
      INSERT INTO datasets (name, path, format, digest, classes, counts, created_at)
        VALUES ('d', '/d', 'idx', '\(digest)', '[]', '{}', 1);
      INSERT INTO base_models (name, architecture, blob, dataset, labels, digest, parameter_count,
        metadata, created_at) VALUES ('b', 'r', '\(digest)', 'd', '[]', '\(digest)', 1, '{}', 1);
      INSERT INTO users VALUES ('ann', 1);
      INSERT INTO profiles VALUES ('ann', 1, 'b', '\(long)', '\(long)', 1);
      INSERT INTO profiles VALUES ('ann', 2, 'b', '\(short)', '\(short)', 1);
      INSERT INTO jobs (number, id, owner, status, priority, fingerprint, base_model, profile, recipe,
        seed, metadata, created_at, finished_at) VALUES
        (1, 'job_000000000000000000000001', 'ann', 'cancelled', 0, '\(digest)', 'b', '\(long)', '{}',
          0, '{}', 1, 2),
        (2, 'job_000000000000000000000002', 'ann', 'cancelled', 0, '\(digest)', 'b', '\(short)',
          '{}', 0, '{}', 1, 2);
      INSERT INTO job_requesters (user, job, added_at) VALUES ('ann', 1, 1), ('ann', 2, 2);
      """)
    let lock = try ServerLock(path: path, creating: false)
    _ = try SQLiteStore.migrate(lock, keepingCopy: false)
    let store = try SQLiteStore(path: path)
    let listed = try store.jobs(JobFilter(), after: nil, limit: 5).elements
    #expect(listed.map(\.classCount) == [3, 25])
    #expect(
      listed.map { String(decoding: $0.profile, as: UTF8.self) }
        == [short, Self.profile(Array(Self.classes(25).prefix(20)))])
    #expect(String(decoding: try store.job(listed[1].id).profile, as: UTF8.self) == long)
    let ann = try UserID("ann")
    #expect(try store.profiles(of: ann).map(\.classCount) == [3, 25])
    #expect(try store.profiles(of: ann).map(\.classes.count) == [3, 20])
    #expect(
      try store.storedBytes(of: ann)
        == Int64(2 * 16384 + 3 * (long.utf8.count + short.utf8.count) + 2 * 4))
    #expect(try store.check().isHealthy)
  }
}
