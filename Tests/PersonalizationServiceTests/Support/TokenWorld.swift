import Foundation
import Logging
import PersonalizationService
import ServiceAPI

/// A service with tokens: an operator's, those of two users, and one that is revoked.
struct TokenWorld {
  /// What comes with a request.
  enum Credential: CaseIterable { case none, malformed, revoked, other, own, `operator` }

  /// A user, or an operator, with a token.
  struct Holder {
    let name: String
    let secret: String
    var fields: [(String, String)] { [("Authorization", "Bearer \(secret)")] }
  }

  let server: TestService
  let ada: Holder
  let bob: Holder
  let revoked: Holder
  let `operator`: Holder

  /// Every kind of credential, as seen from what belongs to ada.
  var credentials: [(Credential, [(String, String)])] {
    [
      (.none, []), (.malformed, [("Authorization", "Bearer no-token")]),
      (.revoked, revoked.fields), (.other, bob.fields), (.own, ada.fields),
      (.operator, `operator`.fields),
    ]
  }

  init(
    logger: Logger? = nil, heartbeat: Duration? = nil,
    configure: (inout Service.Configuration) -> Void = { _ in }
  ) throws {
    server = try TestService(logger: logger) {
      if let heartbeat { $0.eventHeartbeat = heartbeat }
      configure(&$0)
    }
    let administration = try Administration(database: server.database)
    func holder(_ name: String, _ user: String?) throws -> Holder {
      Holder(
        name: name, secret: try administration.createToken(user: user, label: name).token.secret)
    }
    ada = try holder("ada", "ada")
    bob = try holder("bob", "bob")
    `operator` = try holder("operator", nil)
    let (token, summary) = try administration.createToken(user: "ada", label: "lost")
    revoked = Holder(name: "lost", secret: token.secret)
    try administration.revokeToken(id: summary.id)
  }

  /// A finished job of that user.
  func job(of holder: Holder) throws -> JobResource {
    let posted = try server.client.post(
      "/users/\(holder.name)/classes", JobBody.quick, fields: holder.fields)
    return try finished(posted.decode(JobResource.self).id, holder)
  }

  /// The job's end, as that holder sees it.
  func finished(_ id: String, _ holder: Holder) throws -> JobResource {
    try JobFollower(server.client.with(holder.fields)).wait(id)
  }
}
