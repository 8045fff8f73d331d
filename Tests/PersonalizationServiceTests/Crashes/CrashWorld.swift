import Foundation
import PersonalizationService
import TestSupport

/// A database that outlives its servers, and what must be true of it whenever none runs.
struct CrashWorld {
  let folder: TemporaryFolder

  var database: String { folder.file("crisp.sqlite") }

  /// A database that knows the toy network.
  init() throws {
    folder = try TemporaryFolder()
    try ToyWorld.register(in: database, folder: folder)
  }

  /// Checks a copy, so that the next server finds the files as the last one left them.
  func faults() throws -> [String] {
    let copy = try TemporaryFolder()
    for suffix in ["", "-wal", "-shm"] {
      let file = database + suffix
      guard FileManager.default.fileExists(atPath: file) else { continue }
      try FileManager.default.copyItem(atPath: file, toPath: copy.file("crisp.sqlite" + suffix))
    }
    let (isHealthy, text) = try Administration(database: copy.file("crisp.sqlite")).check()
    return isHealthy ? [] : [text]
  }

  /// Names that are still somewhere in the database's files.
  func remains(of names: Set<String>) throws -> [String] {
    let files = try ["", "-wal", "-shm"].map { database + $0 }
      .filter { FileManager.default.fileExists(atPath: $0) }
      .map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
    return names.filter { name in files.contains { $0.range(of: Data(name.utf8)) != nil } }
  }
}
