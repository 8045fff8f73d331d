import SQLiteStore
import Store
import TestSupport

/// A fresh fixture whose store is in a file, for tests that look at the file.
struct StoreInFile {
  let folder: TemporaryFolder
  let store: SQLiteStore
  let fixture: Fixture

  init() throws {
    folder = try TemporaryFolder()
    let clock = TestClock()
    store = try SQLiteStore(path: folder.file("crisp.sqlite"), clock: clock.store)
    fixture = try Fixture(store: store, clock: clock, lifetime: folder)
  }
}
