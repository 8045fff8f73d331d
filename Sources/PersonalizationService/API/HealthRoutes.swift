import HTTPServer
import HTTPTypes

extension API {
  /// `/healthz`: the process answers. `/readyz`: it can do its work, that is, read its database;
  /// a draining server no longer accepts the connection that would ask.
  func addHealthRoutes(to routes: inout RouteTable) {
    routes.on(.get, "/healthz", access: .anyone) { _, _, _ in .text(.ok, "ok\n") }
    routes.on(.get, "/readyz", access: .anyone) { _, _, _ in
      do {
        _ = try store.baseModels()
        return .text(.ok, "ready\n")
      } catch {
        throw ProblemDetails(
          .serviceUnavailable, code: "not_ready", detail: "the database cannot be read",
          retryAfter: 5)
      }
    }
  }
}
