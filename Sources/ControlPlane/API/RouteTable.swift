import HTTPServer
import HTTPTypes
import Store

/// One line of the table of routes.
package struct RouteRule: Sendable {
  /// The method it answers; a GET route answers HEAD too.
  package let method: HTTPRequest.Method
  /// The pattern as registered.
  package let pattern: String
  /// Who may call it.
  package let access: Access
  /// What a token has to be good for.
  package let scope: TokenScope
}

/// Every route with its rule of access: a route cannot be added without one.
package struct RouteTable: Sendable {
  /// Answers a request that was let in.
  package typealias Handler = @Sendable (Request, PathParameters, Caller) throws -> Response

  private let gate: Gate
  /// Where requests find their handler.
  package private(set) var router = Router()
  /// The table itself, in the order in which routes were added.
  package private(set) var rules: [RouteRule] = []

  init(gate: Gate) { self.gate = gate }

  /// Adds a route behind its rule; its errors become problems.
  /// - Parameters:
  ///   - scope: what a token has to be good for; by itself `read` for GET, and `all` for the others.
  ///   - isImmediate: see `Router.on`. Rules but `anyone` read the database, and wait.
  ///   - isPublic: says that the answer is the same for the whole world and may be read under any name
  ///     of this server; see ``HostRule``.
  package mutating func on(
    _ method: HTTPRequest.Method, _ pattern: String, access: Access, scope: TokenScope? = nil,
    bodyLimit: Int? = nil, isImmediate: Bool = false, isPublic: Bool = false,
    handler: @escaping Handler
  ) {
    let scope = scope ?? (method == .get ? .read : .all)
    rules.append(RouteRule(method: method, pattern: pattern, access: access, scope: scope))
    // A body of megabytes is not read for who may not send it.
    let screen: Router.Screen = { [gate] request, parameters in
      if !isPublic, (try? gate.checkHost(of: request)) == nil { return .refused }
      guard let caller = try? gate.admit(request, parameters, to: access, scope: scope) else {
        return .refused
      }
      guard case .user(let user) = caller else { return .admitted(user: nil) }
      return .admitted(user: user.text)
    }
    router.on(
      method, pattern, bodyLimit: bodyLimit, isImmediate: isImmediate, screen: screen
    ) { [gate] request, parameters in
      do {
        if !isPublic { try gate.checkHost(of: request) }
        let caller = try gate.admit(request, parameters, to: access, scope: scope)
        if method != .get, request.isCrossSite == true { throw Self.crossSite }
        try request.requireSingleParameters()
        return try handler(request, parameters, caller).mapDeferredError {
          Problems.problem(for: $0) ?? $0
        }
      } catch {
        throw Problems.problem(for: error) ?? error
      }
    }
  }

  /// A page elsewhere may send requests here too, with its reader's access to this server.
  private static let crossSite = ProblemDetails(
    .forbidden, code: "cross_site",
    detail: "pages of other sites may not send this; programs need no Origin field")
}
