import Foundation
import Logging
import Store
import TestSupport
import Testing

/// Whoever replaces the database under a running server must not have requests acknowledged that nobody
/// will find again.
@Suite struct ReplacedFileTests {
  private static let kinds = ["", "-wal"]

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
}
