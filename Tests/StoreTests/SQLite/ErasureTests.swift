import Foundation
import GRDB
import SQLiteStore
import Store
import TestSupport
import Testing

/// Whether a deleted user's text can still be found in the database's files by whoever reads them
/// byte by byte.
@Suite struct ErasureTests {
  let folder: TemporaryFolder
  let store: SQLiteStore
  let fixture: Fixture

  init() throws {
    let file = try StoreInFile()
    (folder, store, fixture) = (file.folder, file.store, file.fixture)
  }

  /// How often the text is in any file of the folder.
  private func occurrences(_ text: String) throws -> Int { try occurrences(text, in: files()) }

  private func files() throws -> [Data] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).map {
      try Data(contentsOf: URL(fileURLWithPath: folder.file($0)))
    }
  }

  private func occurrences(_ text: String, in files: [Data]) -> Int {
    let needle = Data(text.utf8)
    return files.reduce(0) { sum, bytes in
      var count = 0
      var start = bytes.startIndex
      while let found = bytes.range(of: needle, in: start..<bytes.endIndex) {
        count += 1
        start = found.upperBound
      }
      return sum + count
    }
  }

  /// Everything a user can leave. What is asked for stays with the job, and is no user's text.
  private func fill(user: String) throws {
    let id = try UserID(user)
    let what = "\(Fixture.digest(user))"
    try fixture.submit(user, what)
    let job = try #require(try fixture.claim())
    _ = try store.publish(
      job.id, attempt: job.attempt, model: fixture.newModel("weights of \(user)"))
    let queued = try fixture.submit(user, "queued \(what)", key: "key of \(user)").job
    _ = try store.requestCancel(queued.id)
    _ = try store.addToken(digest: Fixture.digest(user), user: id, label: "laptop of \(user)")
  }

  @Test func aDeletedUserIsInNoFile() throws {
    for number in 1...40 { try fill(user: "somebody else \(number)") }
    try fill(user: "Wilhelmina Zweig")
    for number in 41...80 { try fill(user: "somebody else \(number)") }
    #expect(try occurrences("Wilhelmina") > 3)
    _ = try store.deleteUser(UserID("Wilhelmina Zweig"))
    #expect(try store.eraseRemains())
    #expect(try occurrences("Wilhelmina") == 0)
    #expect(try occurrences("somebody else 40") > 0)
    #expect(try store.check().isHealthy)
  }

  /// SQLite moves rows between pages as they fill, and `secure_delete` does not know of the copies.
  @Test func nothingRemainsWhereRowsWereMoved() throws {
    var generator = SplitMix64(seed: 5)
    var present: [String] = []
    var gone: [String] = []
    for number in 0..<400 {
      let padding = String(repeating: "x", count: generator.next(upTo: 60))
      let user = "user-\(1_000_000 + number)-\(padding)"
      try fixture.submit(user, "job \(number)", key: "key \(number)")
      present.append(user)
      if generator.next(upTo: 9) < 4 {
        let leaving = present.remove(at: generator.next(upTo: present.count - 1))
        _ = try store.deleteUser(UserID(leaving))
        gone.append(leaving)
      }
    }
    #expect(try store.eraseRemains())
    #expect(gone.count > 100)
    let files = try files()
    for user in gone { #expect(occurrences(String(user.prefix(13)), in: files) == 0, "\(user)") }
    for user in present { #expect(occurrences(user, in: files) > 0, "\(user)") }
    #expect(try store.check().isHealthy)
  }

  @Test func aReaderHoldsAnErasureUp() throws {
    try fill(user: "Wilhelmina Zweig")
    let reader = try DatabasePool(path: store.path)
    try reader.read { db in
      // Takes the snapshot, which the log must keep.
      _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM users")
      _ = try store.deleteUser(UserID("Wilhelmina Zweig"))
      #expect(try !store.eraseRemains())
      // Writers are not held up for long, and go on.
      try fixture.submit("ann", "bags")
    }
    #expect(try store.eraseRemains())
    #expect(try occurrences("Wilhelmina") == 0)
  }

  @Test func anErasureIsNotForgotten() throws {
    try fill(user: "Wilhelmina Zweig")
    _ = try store.deleteUser(UserID("Wilhelmina Zweig"))
    try store.close()
    // As after a crash: another process finds that it is still to be done.
    let next = try SQLiteStore(path: store.path)
    #expect(
      try RawDatabase(path: store.path).value("SELECT count(*) FROM erasures", as: Int.self) == 1)
    #expect(try next.eraseRemains())
    #expect(
      try RawDatabase(path: store.path).value("SELECT count(*) FROM erasures", as: Int.self) == 0)
    #expect(try occurrences("Wilhelmina") == 0)
  }

  /// Every column of text that can come from a user is in a table that is rewritten.
  @Test func everyTableThatNamesUsersIsRewritten() throws {
    let tables = try DatabaseQueue(path: store.path).read { db in
      try String.fetchAll(
        db,
        sql: """
          SELECT DISTINCT m.name FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
          WHERE m.type = 'table' AND f."table" IN ('users', 'profiles')
          """)
    }
    #expect(Set(tables).union(["users"]) == Set(SQLiteStore.tablesWithUserText))
  }

  @Test func deletedModelsBytesAreOverwritten() throws {
    let text = String(repeating: "the weights of Wilhelmina's model. ", count: 100_000)
    try fixture.submit("Wilhelmina", "bags")
    let job = try #require(try fixture.claim())
    let model = try store.publish(job.id, attempt: 1, model: fixture.newModel(text))
    #expect(try occurrences("the weights of Wilhelmina's model.") > 90_000)
    _ = try store.deleteUser(UserID("Wilhelmina"))
    #expect(try store.blob(model.blob.digest) == nil)
    #expect(try store.eraseRemains())
    #expect(try occurrences("the weights of") == 0)
  }
}
