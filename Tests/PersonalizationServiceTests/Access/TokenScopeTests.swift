import ControlPlane
import Foundation
import PersonalizationService
import ServiceAPI
import Store
import Testing

/// What tokens that are not for everything open.
@Suite struct TokenScopeTests {
  private static func fields(_ world: TokenWorld, _ user: String?, _ scope: TokenScope) throws
    -> [(String, String)]
  {
    let token = try Administration(database: world.server.database)
      .createToken(user: user, label: "\(scope)", scope: scope).token
    return [("Authorization", "Bearer \(token.secret)")]
  }

  /// Every route of the table, so that a new one is decided on, too.
  @Test func everyRouteKeepsToTheScopeOfTokens() throws {
    let world = try TokenWorld()
    let job = try world.job(of: world.ada)
    let model = try #require(job.resultModel)
    let metrics = try Self.fields(world, nil, .metrics)
    let readers = [
      ("ada", try Self.fields(world, "ada", .read)),
      ("operator", try Self.fields(world, nil, .read)),
    ]
    for rule in world.server.service.rules where rule.access != .anyone {
      let path = [
        "{user}": "ada", "{job}": job.id, "{model}": model, "{revision}": "main",
        "{file}": "README.md",
      ].reduce(rule.pattern) { $0.replacingOccurrences(of: $1.key, with: $1.value) }
      let name = "\(rule.method.rawValue) \(rule.pattern)"
      let changesNothing = rule.method == .get || rule.pattern.hasSuffix("/predictions")
      for (holder, fields) in readers {
        let reply = try world.server.client.send(rule.method.rawValue, path, fields: fields)
        if changesNothing {
          #expect(reply.code != "insufficient_scope", "\(name) for \(holder)")
        } else {
          #expect(
            reply.status == 403 && reply.code == "insufficient_scope", "\(name): \(reply.text)")
          #expect(reply["WWW-Authenticate"]?.contains("scope=\"all\"") == true, "\(name)")
        }
      }
      let reply = try world.server.client.send(rule.method.rawValue, path, fields: metrics)
      #expect(reply.status == (rule.pattern == "/metrics" ? 200 : 403), "\(name): \(reply.text)")
    }
    // After all of that ada is still there.
    #expect(try world.server.client.get("/users/ada", fields: world.ada.fields).status == 200)
  }

  @Test func aLastUseIsWrittenDown() throws {
    let world = try TokenWorld()
    #expect(try world.server.client.get("/jobs", fields: world.bob.fields).status == 200)
    #expect(try world.server.client.get("/jobs", fields: world.revoked.fields).status == 401)
    world.server.stop()
    let tokens = try Administration(existing: world.server.database).tokens()
    #expect(Set(tokens.filter { $0.usedAt != nil }.map(\.label)) == ["bob"])
  }
}
