import ControlPlane
import Foundation
import Logging
import PersonalizationClient
import PersonalizationService
import ServiceAPI
import Synchronization
import TestSupport
import Testing

/// When tokens are asked for, in which forms they come, and that they are not told on.
@Suite struct GateTests {
  @Test func theFirstTokenClosesTheServerForGood() throws {
    let server = try TestService()
    #expect(try server.client.get("/jobs").status == 200)
    let administration = try Administration(database: server.database)
    let (token, summary) = try administration.createToken(user: nil, label: "ops")
    let fields = [("Authorization", "Bearer \(token.secret)")]
    #expect(try server.client.get("/jobs").status == 401)
    #expect(try server.client.get("/jobs", fields: fields).status == 200)
    try administration.revokeToken(id: summary.id)
    #expect(try server.client.get("/jobs", fields: fields).status == 401)
    #expect(try server.client.get("/jobs").status == 401)
    #expect(try server.client.get("/healthz").status == 200)
  }

  @Test func onlyOperatorsLetAJobGoFirst() throws {
    let world = try TokenWorld()
    func post(_ priority: JSONValue, _ fields: [(String, String)]) throws -> HTTPClient.Reply {
      try world.server.client.post(
        "/users/ada/classes", JobBody.body(and: ["priority": priority]), fields: fields)
    }
    let refused = try post("high", world.ada.fields)
    #expect(refused.status == 403)
    #expect(refused.code == "operator_only")
    #expect(refused.param == "priority")
    #expect(try post("low", world.ada.fields).json["priority"] == "low")
    #expect(try [200, 202].contains(post("high", world.operator.fields).status))
    #expect(try post("urgent", world.operator.fields).code == "invalid_field")
  }

  @Test func tokensCanBeRequiredBeforeThereAreAny() throws {
    let server = try TestService { $0.requireTokens = true }
    let reply = try server.client.get("/base-models")
    #expect(reply.status == 401)
    #expect(reply.code == "missing_token")
    #expect(reply["WWW-Authenticate"] == #"Bearer realm="crisp""#)
    #expect(try server.client.get("/readyz").status == 200)
  }

  /// RFC 9110 §11, RFC 6750 §2.1 and §3.
  @Test func credentialsComeInTheirForm() throws {
    let world = try TokenWorld()
    let secret = world.ada.secret
    let short = String(secret.dropLast())
    for (value, code) in [
      ("Bearer \(secret)", nil), ("bearer \(secret)", nil), ("BEARER   \(secret)", nil),
      ("Basic YWRhOnNlY3JldA==", "missing_token"), (secret, "missing_token"),
      ("Bearer", "invalid_token"), ("Bearer \(short)", "invalid_token"),
      ("Bearer \(secret)x", "invalid_token"), ("Bearer \(secret) x", "invalid_token"),
      ("Bearer \(secret),\(secret)", "invalid_token"), ("Bearer \(short)é", "invalid_token"),
      ("Bearer \(secret.uppercased())", "invalid_token"), ("Token \(secret)", "missing_token"),
    ] as [(String, String?)] {
      let reply = try world.server.client.get("/users/ada", fields: [("Authorization", value)])
      #expect(reply.status == (code == nil ? 200 : 401), "\(value)")
      #expect(reply.code == code, "\(value)")
      #expect(
        (reply["WWW-Authenticate"] ?? "").contains("invalid_token") == (code == "invalid_token"))
    }
    // Two fields are one list, which is no token.
    let twice = try world.server.client.get(
      "/users/ada", fields: world.ada.fields + world.ada.fields)
    #expect(twice.status == 401)
    // A query is no place for secrets: it gets into logs.
    #expect(try world.server.client.get("/jobs?access_token=\(secret)").status == 401)
  }

  /// The body never comes; with a token the server would wait for it.
  @Test func bodiesAreNotReadWithoutAToken() throws {
    let world = try TokenWorld()
    let model = try #require(try world.job(of: world.ada).resultModel)
    let path = "/models/\(model)/predictions"
    for fields in [[], world.bob.fields, world.revoked.fields] {
      for framing in [("Content-Length", "1000000"), ("Transfer-Encoding", "chunked")] {
        let reply = try world.server.client.send(
          "POST", path, fields: fields + [framing, ("Expect", "100-continue")])
        #expect(reply.status == (fields.first?.1 == world.bob.fields[0].1 ? 404 : 401))
        #expect(reply["Connection"] == "close")
      }
    }
  }

  @Test func deletedUsersTakeTheirTokensAlong() throws {
    let world = try TokenWorld()
    let client = world.server.client
    #expect(try client.send("DELETE", "/users/ada", fields: world.ada.fields).status == 204)
    #expect(try client.get("/jobs", fields: world.ada.fields).status == 401)
    #expect(try client.get("/users/ada", fields: world.operator.fields).status == 404)
  }

  @Test func secretsReachNeitherLogsNorAnswers() throws {
    let lines = Lines()
    var logger = Logger(label: "test") { _ in lines }
    logger.logLevel = .trace
    let world = try TokenWorld(logger: logger)
    let secrets = [world.ada, world.bob, world.revoked, world.operator].map(\.secret)
    var answers = ""
    for rule in world.server.service.rules where rule.method != .delete {
      let path = rule.pattern.replacingOccurrences(of: "{user}", with: "ada")
      for (_, fields) in world.credentials {
        let reply = try world.server.client.send(rule.method.rawValue, path, fields: fields)
        answers += reply.fields.map { "\($0.name): \($0.value)\n" }.joined() + reply.text
      }
    }
    world.server.stop()
    let log = lines.text
    #expect(log.contains("GET"))
    for secret in secrets + ["no-token"] {
      #expect(!log.contains(secret))
      #expect(!answers.contains(secret))
    }
  }

  @Test func tokensDoNotPrintThemselves() throws {
    let folder = try TemporaryFolder()
    let administration = try Administration(database: folder.file("a.sqlite"))
    let (token, _) = try administration.createToken(user: "ada", label: "x")
    let other = try administration.createToken(user: "ada", label: "x").token
    #expect(token.secret != other.secret)
    #expect(token.secret.count == 49)
    var dumped = ""
    dump(token, to: &dumped)
    for text in ["\(token)", String(reflecting: token), String(describing: [token]), dumped] {
      #expect(!text.contains(token.secret.dropFirst(6)))
    }
    // Nothing of it is in the database.
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    for file in files {
      let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.file(file)))
      #expect(bytes.firstRange(of: Data(token.secret.dropFirst(6).utf8)) == nil)
    }
  }

  @Test func theClientSendsItsToken() async throws {
    let world = try TokenWorld()
    let address = "http://127.0.0.1:\(world.server.client.port)"
    let client = try ServiceClient(server: address, token: world.ada.secret)
    let job = try await client.follow(
      client.submit(user: "ada", body: JobBody.quick), every: .milliseconds(10)
    ) { _ in }
    let file = world.server.folder.file("model.safetensors")
    _ = try await client.download(try #require(job.resultModel), to: file)
    let stranger = try ServiceClient(server: address)
    let refusal = await #expect(throws: ClientError.self) { try await stranger.job(job.id) }
    #expect(refusal?.code == "missing_token")
    #expect(throws: ClientError.self) { try ServiceClient(server: address, token: "a\r\nb: c") }
  }
}

/// Keeps what is logged.
private final class Lines: LogHandler, Sendable {
  private let kept = Mutex("")
  var text: String { kept.withLock { $0 } }
  var logLevel: Logger.Level {
    get { .trace }
    set {}
  }
  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  subscript(metadataKey _: String) -> Logger.MetadataValue? {
    get { nil }
    set {}
  }

  func log(event: LogEvent) {
    kept.withLock { $0 += "\(event.message) \(event.metadata ?? [:])\n" }
  }
}
