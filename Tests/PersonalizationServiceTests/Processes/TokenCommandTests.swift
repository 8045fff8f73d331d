import Foundation
import ServiceAPI
import TestSupport
import Testing

/// `crisp-server token …` beside a running server.
@Suite struct TokenCommandTests {
  @Test func tokensAreMadeListedAndRevoked() throws {
    let folder = try TemporaryFolder()
    let database = folder.file("crisp.sqlite")
    try ToyWorld.register(in: database, folder: folder)
    let server = try ServerProcess(database: database)
    func run(_ arguments: String...) throws -> String {
      let run = try ServerProcess.run(
        ["token", arguments[0], "--db", database] + arguments.dropFirst())
      #expect(run.status == 0, "\(run.errors)")
      return run.output
    }
    #expect(try run("list").contains("no tokens"))
    let plain = try run("create", "--user", "ada", "--label", "laptop")
    let secret = plain.trimmingCharacters(in: .newlines)
    #expect(secret.hasPrefix("crisp_") && plain == secret + "\n")
    let made = try JSONDecoder().decode(
      JSONValue.self, from: Data(run("create", "--json").utf8))
    let `operator` = try #require(made["token"]?.text)
    #expect(made["user"] == .null)

    func status(_ secret: String) throws -> Int {
      try server.client.get("/users/ada", fields: [("Authorization", "Bearer \(secret)")]).status
    }
    #expect(try server.client.get("/jobs").status == 401)
    #expect(try status(secret) == 200)
    #expect(try status(`operator`) == 200)

    let list = try run("list", "--json")
    #expect(!list.contains(secret) && !list.contains(`operator`))
    guard case .array(let tokens) = try JSONDecoder().decode(JSONValue.self, from: Data(list.utf8))
    else {
      Issue.record("\(list)")
      return
    }
    #expect(tokens.map { $0["user"]?.text } == ["ada", nil])
    #expect(tokens.map { $0["revoked_at"] } == [.null, .null])
    let id = try #require(tokens.first?["id"]?.text)
    #expect(try run("revoke", id) == "revoked \(id)\n")
    #expect(try status(secret) == 401)
    #expect(try status(`operator`) == 200)
    #expect(try run("list").contains("revoked "))

    let reader = try run("create", "--user", "ada", "--scope", "read", "--expires-in", "90")
      .trimmingCharacters(in: .newlines)
    #expect(try status(reader) == 200)
    #expect(try run("list").contains("active until"))
    for (arguments, text) in [
      (["--expires-in", "0"], "--expires-in must be"), (["--scope", "write"], "scope"),
      (["--scope", "metrics", "--user", "ada"], "leave --user out"),
    ] {
      let refused = try ServerProcess.run(["token", "create", "--db", database] + arguments)
      #expect(refused.status != 0 && refused.errors.contains(text), "\(refused.errors)")
    }

    let unknown = try ServerProcess.run(["token", "revoke", "--db", database, "token_x"])
    #expect(unknown.status != 0)
    #expect(unknown.errors.contains("there is no token"))
    #expect(try server.end(with: SIGTERM).status == 0)
  }
}
