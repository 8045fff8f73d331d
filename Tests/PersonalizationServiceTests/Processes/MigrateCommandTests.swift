import Foundation
import SQLiteStore
import Store
import TestSupport
import Testing

/// The program on databases of earlier versions.
@Suite struct MigrateCommandTests {
  /// A database as the first release left it.
  private static func old(in folder: TemporaryFolder) throws -> String {
    let dump = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "StoreTests/Schemas/schema-1.sql")
    let path = folder.file("crisp.sqlite")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = [
      "-c",
      """
      import sqlite3, sys
      connection = sqlite3.connect(sys.argv[1], isolation_level=None)
      connection.executescript(open(sys.argv[2]).read())
      """, path, dump.path,
    ]
    try process.run()
    process.waitUntilExit()
    return path
  }

  private func names(_ folder: TemporaryFolder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test func commandsReadItAsItIs() throws {
    let folder = try TemporaryFolder()
    let path = try Self.old(in: folder)
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    let check = try ServerProcess.run(["check", "--db", path])
    #expect(check.status == 0 && check.output.hasPrefix("ok: 2 blobs"), "\(check)")
    let list = try ServerProcess.run(["token", "list", "--db", path])
    #expect(list.status == 0 && list.output.contains("laptop"), "\(list)")
    let copy = try ServerProcess.run(["backup", "--db", path, folder.file("copy.sqlite")])
    #expect(copy.status == 0, "\(copy)")
    #expect(try ServerProcess.run(["check", "--db", folder.file("copy.sqlite")]).status == 0)
    for command in [
      ["token", "create"], ["token", "revoke", "token_0123456789abcdef01234567"],
      ["dataset", "add", "more", folder.path],
    ] {
      let run = try ServerProcess.run(command + ["--db", path])
      #expect(run.status != 0 && run.errors.contains("crisp-server migrate --db \(path)"), "\(run)")
    }
    #expect(try names(folder) == ["copy.sqlite", "crisp.sqlite"])
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)

    let done = try ServerProcess.run(["migrate", "--db", path])
    #expect(done.status == 0 && done.output.contains("from schema 1 to"), "\(done)")
    #expect(try names(folder).contains { $0.hasPrefix("crisp.sqlite.before-m002-") })
    let again = try ServerProcess.run(["migrate", "--db", path])
    #expect(again.status == 0 && again.output.contains("nothing to do"), "\(again)")
    #expect(try ServerProcess.run(["token", "create", "--db", path]).status == 0)
  }

  @Test func theServerMigratesItAndKeepsACopy() throws {
    let folder = try TemporaryFolder()
    let path = try Self.old(in: folder)
    let server = try ServerProcess(
      database: path, arguments: ["--workers", "0", "--require-tokens"])
    #expect(try server.client.get("/healthz").status == 200)
    #expect(try names(folder).contains { $0.hasPrefix("crisp.sqlite.before-m002-") })
    let refused = try ServerProcess.run(["migrate", "--db", path])
    #expect(refused.status != 0 && refused.errors.contains("another crisp-server"), "\(refused)")
    #expect(try server.end(with: SIGTERM).status == 0)
    #expect(try SQLiteStore(path: path).check().isHealthy)
    #expect(try names(folder).count == 2)
  }

  @Test func withoutACopyWhenAskedTo() throws {
    let folder = try TemporaryFolder()
    let path = try Self.old(in: folder)
    #expect(try ServerProcess.run(["migrate", "--no-backup", "--db", path]).status == 0)
    #expect(try names(folder) == ["crisp.sqlite"])
  }
}
