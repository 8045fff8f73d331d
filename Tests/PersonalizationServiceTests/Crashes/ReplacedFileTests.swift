import Foundation
import Logging
import Store
import TestSupport
import Testing

/// Whoever replaces the database under a running server must not have requests acknowledged that nobody
/// will find again.
@Suite struct ReplacedFileTests {
  private static let kinds = ["", "-wal", "-shm"]

  private func expectRefusal(
    by server: TestService, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let reply = try server.client.post("/users/ada/classes", JobBody.body(seed: 1))
    #expect(reply.status == 503, "\(reply.text)", sourceLocation: sourceLocation)
    #expect(reply.code == "database_replaced", sourceLocation: sourceLocation)
    #expect(!reply.text.contains(server.folder.path), sourceLocation: sourceLocation)
    let ready = try server.client.get("/readyz")
    #expect(ready.status == 503, sourceLocation: sourceLocation)
    #expect(ready.code == "database_replaced", sourceLocation: sourceLocation)
  }

  @Test(arguments: kinds) func aFileThatIsMovedAway(suffix: String) throws {
    let log = LogCollector()
    let server = try TestService(logger: log.logger(.text)) { $0.workers = 0 }
    #expect(try server.client.post("/users/bob/classes", JobBody.body(seed: 2)).status == 202)
    let path = server.database + suffix
    try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
    try expectRefusal(by: server)
    #expect(log.lines.contains { $0.contains("moved or replaced") })

    try Data("another file".utf8).write(to: URL(fileURLWithPath: path))
    try expectRefusal(by: server)
    try FileManager.default.removeItem(atPath: path)

    try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
    #expect(try server.client.post("/users/ada/classes", JobBody.body(seed: 1)).status == 202)
    #expect(try server.client.get("/readyz").status == 200)
    #expect(try server.stopAndCheck().isHealthy)
  }

  /// Before anything was written since the start, too.
  @Test(arguments: kinds) func aFileThatIsRemovedAtOnce(suffix: String) throws {
    let server = try TestService { $0.workers = 0 }
    try FileManager.default.removeItem(atPath: server.database + suffix)
    try expectRefusal(by: server)
  }

  private enum Fate: CaseIterable {
    case removed, replaced, logRemoved
  }

  /// The built program, as an operator sees it: whatever was answered with 202 is there after the next
  /// start, and what could not be kept was answered with 503.
  @Test(arguments: Fate.allCases) private func aProcessWhoseFileGoes(_ fate: Fate) throws {
    let folder = try TemporaryFolder()
    let database = folder.file("crisp.sqlite")
    try ToyWorld.register(in: database, folder: folder)
    let errors = Pipe()
    let first = try ServerProcess(
      database: database, arguments: ["--workers", "0"], errors: errors)
    let kept = try first.jobs.submit(JobBody.body(seed: 1)).id
    switch fate {
    case .removed: try FileManager.default.removeItem(atPath: database)
    case .logRemoved: try FileManager.default.removeItem(atPath: database + "-wal")
    case .replaced:
      let others = try TemporaryFolder()
      let other = others.file("other.sqlite")
      try ToyWorld.register(in: other, folder: others)
      #expect(rename(other, database) == 0)
    }
    for seed in 2...4 {
      let reply = try first.client.post("/users/ada/classes", JobBody.body(seed: seed))
      #expect(reply.status == 503 && reply.code == "database_replaced", "\(reply.text)")
    }
    #expect(try first.client.get("/readyz").code == "database_replaced")
    #expect(try first.end(with: SIGTERM, within: 60).reason == .exit)
    let log = String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
    // Once, not for every request.
    #expect(log.components(separatedBy: "moved or replaced").count == 2, "\(log)")

    // What is at the path now has none of the refused ones.
    guard fate == .replaced else { return }
    let second = try ServerProcess(database: database, arguments: ["--workers", "0"])
    #expect(try second.client.get("/readyz").status == 200)
    #expect(try second.client.get("/jobs/\(kept)").status == 404)
    #expect(try second.client.post("/users/ada/classes", JobBody.body(seed: 2)).status == 202)
    #expect(try second.end(with: SIGTERM).status == 0)
  }
}
