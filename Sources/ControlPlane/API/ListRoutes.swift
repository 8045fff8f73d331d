import HTTPServer
import Store

/// Routes whose answers are long, or many in one: they take turns in a lane of their own.
extension API {
  /// Adds a route that reads in the lane of lists.
  package func onList(
    _ pattern: String, access: Access, in routes: inout RouteTable,
    handler: @escaping RouteTable.Handler
  ) {
    routes.on(.get, pattern, access: access) { request, parameters, caller in
      lanes.lists.response(for: try party(caller, request)) { _ in
        try handler(request, parameters, caller)
      }
    }
  }

  /// Whose turn a request takes in a lane: a user's. An operator asks for many users, so that each has a
  /// turn; on an open server anybody can take any name, so that the address counts.
  package func party(_ caller: Caller, _ request: Request, _ user: UserID? = nil) throws -> String {
    if case .user(let own) = caller { return "user \(own.text)" }
    guard try gate.isClosed else { return "address \(request.remoteAddress)" }
    return user.map { "user \($0.text)" } ?? "operator"
  }
}
