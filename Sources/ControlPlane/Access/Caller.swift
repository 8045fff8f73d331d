import HTTPServer
import HTTPTypes
import Store

/// On whose behalf a request is answered.
package enum Caller: Sendable, Hashable {
  /// Not asked for: the route is open to everyone.
  case unknown
  /// A user's token came with the request.
  case user(UserID)
  /// An operator's token came with the request, or the server runs open. Sees all.
  case `operator`

  /// The user whose things a list shows when it is asked for those of `wanted`, or for no one's in
  /// particular; nil shows everybody's. A user who asks for another's gets 403, without regard to
  /// whether there is one.
  package func scope(asking wanted: UserID?) throws -> UserID? {
    switch self {
    case .operator: return wanted
    case .user(let own):
      guard wanted == nil || wanted == own else { throw Gate.forbidden }
      return own
    case .unknown: throw Gate.forbidden
    }
  }
}
