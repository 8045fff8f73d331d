import Foundation
import TestSupport
import Testing

/// What the built program says when it cannot start.
@Suite struct StartUpTests {
  private func expectRefusal(
    _ arguments: [String], naming text: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let run = try ServerProcess.run(arguments)
    let shown: Comment = "\(arguments): \(run.status), \(run.output), \(run.errors)"
    #expect(run.reason == .exit, shown, sourceLocation: sourceLocation)
    #expect(run.status != 0, shown, sourceLocation: sourceLocation)
    #expect(run.output.isEmpty, shown, sourceLocation: sourceLocation)
    #expect(run.errors.contains(text), shown, sourceLocation: sourceLocation)
    #expect(run.errors.hasSuffix("\n"), shown, sourceLocation: sourceLocation)
    #expect(run.errors.dropLast().contains("\n") == false, shown, sourceLocation: sourceLocation)
  }

  @Test func databasesThatCannotBeOpened() throws {
    let folder = try TemporaryFolder()
    let text = folder.file("notes.txt")
    let notes = Data(String(repeating: "these are notes, not a database\n", count: 100).utf8)
    try notes.write(to: URL(fileURLWithPath: text))
    try expectRefusal(["--db", text, "--port", "0"], naming: "is not an SQLite database")
    #expect(try Data(contentsOf: URL(fileURLWithPath: text)) == notes)
    try expectRefusal(
      ["--db", folder.file("missing/crisp.sqlite"), "--port", "0"], naming: "does not exist")
    try expectRefusal(["--db", folder.path, "--port", "0"], naming: folder.path)
  }

  @Test func databasesThatOthersHold() throws {
    let folder = try TemporaryFolder()
    let database = folder.file("crisp.sqlite")
    try ToyWorld.register(in: database, folder: folder)
    let server = try ServerProcess(database: database)
    try expectRefusal(
      ["--db", database, "--port", "0"], naming: "another crisp-server runs the jobs of")
    #expect(try server.end(with: SIGKILL).reason == .uncaughtSignal)
    // The lock dies with its holder, however it dies.
    let next = try ServerProcess(database: database)
    #expect(try next.end(with: SIGTERM).status == 0)

    // Any other program in the middle of a transaction.
    let holder = try SQLiteHolder(database)
    try expectRefusal(["--db", database, "--port", "0"], naming: "is locked by another process")
    holder.letGo()
  }

  @Test func portsAndHostsThatCannotBeUsed() throws {
    let server = try TestService()
    let folder = try TemporaryFolder()
    let database = folder.file("crisp.sqlite")
    try ToyWorld.register(in: database, folder: folder)
    try expectRefusal(
      ["--db", database, "--port", "\(server.client.port)"],
      naming: "127.0.0.1 port \(server.client.port) is in use")
    try expectRefusal(
      ["--db", database, "--host", "0.0.0.0", "--port", "0"], naming: "--insecure")
    try expectRefusal(
      ["--db", database, "--host", "127.example.org", "--port", "0"], naming: "--insecure")
  }
}
