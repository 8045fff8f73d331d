import HTTPTypes

/// The table of handlers by method and path.
public struct Router: Sendable {
  /// Answers one request. It may throw `ProblemDetails`; any other error becomes a 500 that does
  /// not show it.
  public typealias Handler = @Sendable (Request, PathParameters) throws -> Response

  /// Whether a request may send its body, told from its head alone: its body is empty still.
  public typealias Screen = @Sendable (Request, PathParameters) -> Screening

  /// What a screen says.
  public enum Screening: Sendable, Equatable {
    /// Its body may come. What it takes counts for `user`, if one is named
    /// (`Limits.bodyMemoryPerUser`).
    case admitted(user: String?)
    /// The handler is called without the body, to say why not.
    case refused
  }

  /// One line of the table.
  public struct Route: Sendable {
    /// The method it answers; a GET route answers HEAD too.
    public let method: HTTPRequest.Method
    /// The pattern as registered.
    public let pattern: String
    /// Most bytes of body, where it differs from `Limits.body`.
    public let bodyLimit: Int?

    /// Whether its handler runs where bytes are received.
    let isImmediate: Bool
    let path: RoutePattern
    let screen: Screen?
    let handler: Handler
  }

  /// What the table says about a method and path.
  enum Outcome: Sendable {
    case matched(Route, PathParameters)
    case notFound
    case methodNotImplemented
    case methodNotAllowed(allow: [HTTPRequest.Method])
    case options(allow: [HTTPRequest.Method])

    /// Whether the answer needs no worker. Only a route's handler may wait.
    var isImmediate: Bool {
      if case .matched(let route, _) = self { route.isImmediate } else { true }
    }
  }

  /// RFC 9110 §9.3 and RFC 5789: the methods that every server knows, whatever it does with them.
  /// QUERY (draft-ietf-httpbis-safe-method-w-body) is a method that clients know already.
  private static let registered = Set(
    [.get, .head, .post, .put, .delete, .connect, .options, .trace, .patch]
      + [HTTPRequest.Method(rawValue: "QUERY")].compactMap { $0 })

  /// The table in the order in which patterns are tried.
  public private(set) var routes: [Route] = []

  /// An empty table, which answers 404 to everything.
  public init() {}

  /// Adds a route, replacing one of the same method that fits the same paths.
  ///
  /// A pattern is a path whose `{name}` segments match any one segment. Where several patterns
  /// fit, literal segments win over parameters from left to right.
  /// - Parameters:
  ///   - isImmediate: says that the handler only looks at memory, for microseconds. It then needs no
  ///     worker, and answers even while all workers are busy.
  ///   - screen: asked on a worker before a body of more than 64 KiB is read, or one of unknown
  ///     length. If it says no, the handler is called at once, without the body, to say why; the
  ///     connection is then closed.
  public mutating func on(
    _ method: HTTPRequest.Method, _ pattern: String, bodyLimit: Int? = nil,
    isImmediate: Bool = false, screen: Screen? = nil, handler: @escaping Handler
  ) {
    let path = RoutePattern(pattern)
    routes.removeAll { $0.method == method && $0.path.isEquivalent(to: path) }
    let route = Route(
      method: method, pattern: pattern, bodyLimit: bodyLimit, isImmediate: isImmediate, path: path,
      screen: screen, handler: handler)
    let position = routes.firstIndex { path.precedes($0.path) } ?? routes.endIndex
    routes.insert(route, at: position)
  }

  /// Answers a request without a connection, and waits where the answer is deferred.
  /// - Throws: what the handler throws, or `ProblemDetails` with status 404 or 405.
  public func respond(to request: Request) throws -> Response {
    try respond(
      to: request, by: route(request.method, request.path, isAsterisk: request.target == "*")
    ).settled()
  }

  func respond(to request: Request, by outcome: Outcome) throws -> Response {
    switch outcome {
    case .matched(let route, let parameters):
      return try route.handler(request, parameters)
    case .notFound:
      throw ProblemDetails(
        .notFound, code: "not_found", detail: "Nothing is at this path; check its spelling.")
    case .methodNotImplemented:
      throw ProblemDetails(
        .notImplemented, code: "method_not_implemented",
        detail: "No resource here knows this method; methods are case-sensitive.")
    case .methodNotAllowed(let allow):
      throw ProblemDetails(
        .methodNotAllowed, code: "method_not_allowed",
        detail: "Use one of the methods in the Allow field.", headers: Self.allowField(allow))
    case .options(let allow):
      return Response(.noContent, headers: Self.allowField(allow))
    }
  }

  func route(
    _ method: HTTPRequest.Method, _ path: [String], isAsterisk: Bool
  ) -> Outcome {
    if isAsterisk { return .options(allow: allowed(routes)) }
    // RFC 9110 §9.1: 501 for a method that no resource knows, 405 for one that others do.
    guard Self.registered.contains(method) || routes.contains(where: { $0.method == method })
    else { return .methodNotImplemented }
    var fitting: [Route] = []
    for route in routes {
      guard let parameters = route.path.match(path) else { continue }
      if route.method == method { return .matched(route, parameters) }
      fitting.append(route)
    }
    if fitting.isEmpty { return .notFound }
    // RFC 9110 §9.3.2: HEAD is GET without the content.
    if method == .head, let get = fitting.first(where: { $0.method == .get }),
      let parameters = get.path.match(path)
    {
      return .matched(get, parameters)
    }
    let allow = allowed(fitting)
    return method == .options ? .options(allow: allow) : .methodNotAllowed(allow: allow)
  }

  private func allowed(_ routes: [Route]) -> [HTTPRequest.Method] {
    var methods = Set(routes.map(\.method))
    if methods.contains(.get) { methods.insert(.head) }
    methods.insert(.options)
    return methods.sorted { $0.rawValue < $1.rawValue }
  }

  /// RFC 9110 §10.2.1.
  private static func allowField(_ methods: [HTTPRequest.Method]) -> HTTPFields {
    [.allow: methods.map(\.rawValue).joined(separator: ", ")]
  }
}
