import HTTPServer
import HTTPTypes
import Testing

@Suite struct RouterTests {
  private static let router: Router = {
    var router = Router()
    let name: @Sendable (String) -> Router.Handler = { name in
      { _, parameters in
        .text(.ok, name + (parameters["user"].map { " \($0)" } ?? ""))
      }
    }
    router.on(.get, "/users/{user}", handler: name("user"))
    router.on(.get, "/users/{user}/classes", handler: name("classes"))
    router.on(.post, "/users/{user}/classes", bodyLimit: 9, handler: name("post"))
    router.on(.get, "/users/me", handler: name("me"))
    router.on(.delete, "/users/{user}", handler: name("delete"))
    router.on(.get, "/", handler: name("root"))
    return router
  }()

  private func answer(_ method: HTTPRequest.Method, _ target: String) throws -> String {
    let response = try Self.router.respond(to: Request(method: method, target: target))
    guard case .bytes(let bytes) = response.body else {
      return "\(response.status.code) \(response.headers[.allow] ?? "")"
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test(arguments: [
    (HTTPRequest.Method.get, "/", "root"),
    (.get, "/?a=b", "root"),
    (.get, "/users/ann", "user ann"),
    (.get, "/users/me", "me"),
    (.delete, "/users/me", "delete me"),
    (.head, "/users/ann", "user ann"),
    (.get, "/users/a%2Fb", "user a/b"),
    (.get, "/users/..", "user .."),
    (.get, "/users/%E2%82%AC/classes", "classes €"),
    (.post, "/users/ann/classes", "post ann"),
    (.options, "/users/ann/classes", "204 GET, HEAD, OPTIONS, POST"),
    (.options, "*", "204 DELETE, GET, HEAD, OPTIONS, POST"),
  ])
  func answers(_ method: HTTPRequest.Method, _ target: String, _ expected: String) throws {
    #expect(try answer(method, target) == expected)
  }

  @Test(arguments: ["/users", "/users/", "/users//classes", "/users/ann/", "/Users/ann", "//"])
  func notFound(_ target: String) {
    let problem = #expect(throws: ProblemDetails.self) { try answer(.get, target) }
    #expect(problem?.status == 404)
    #expect(problem?.code == "not_found")
  }

  @Test func methodNotAllowedNamesTheAllowed() {
    let problem = #expect(throws: ProblemDetails.self) { try answer(.put, "/users/me") }
    #expect(problem?.status == 405)
    #expect(problem?.headers[.allow] == "DELETE, GET, HEAD, OPTIONS")
  }

  @Test func registeringAgainReplaces() throws {
    var router = Self.router
    router.on(.get, "/users/{other}") { _, _ in Response(.accepted) }
    #expect(router.routes.count == Self.router.routes.count)
    let response = try router.respond(to: Request(method: .get, target: "/users/ann"))
    #expect(response.status == .accepted)
  }

  @Test func listsItsRoutes() {
    let lines = Self.router.routes.map { "\($0.method) \($0.pattern)" }
    #expect(lines.contains("POST /users/{user}/classes"))
    #expect(Self.router.routes.first { $0.method == .post }?.bodyLimit == 9)
  }

  @Test func queryIsDecodedInOrder() throws {
    let request = try Request(method: .get, target: "/?a=1&b=x+y%2B&a=2&c&=d&&e==")
    #expect(request.query.map(\.name) == ["a", "b", "a", "c", "", "e"])
    #expect(request.query.map(\.value) == ["1", "x y+", "2", "", "d", "="])
    #expect(request.queryValue("a") == "1")
    #expect(request.queryValue("z") == nil)
  }

  @Test func malformedTargetIsAProblem() {
    let problem = #expect(throws: ProblemDetails.self) {
      try Request(method: .get, target: "/%ff")
    }
    #expect(problem?.code == "malformed_target")
  }
}
