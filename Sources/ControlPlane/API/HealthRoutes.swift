import APIDescription
import HTTPServer
import HTTPTypes
import Metrics

extension API {
  /// `/healthz`: the process answers. `/readyz`: it can do its work, that is, read its database, and
  /// is not about to stop. `/metrics`: figures for Prometheus, which name nobody but are the
  /// operator's business. `/openapi.json`: all routes, for programs.
  func addHealthRoutes(to routes: inout RouteTable) {
    routes.on(.get, "/healthz", access: .anyone, isImmediate: true, isPublic: true) { _, _, _ in
      .text(.ok, "ok\n")
    }
    routes.on(.get, "/readyz", access: .anyone, isPublic: true) { _, _, _ in
      if readiness.isStopping {
        throw ProblemDetails(
          .serviceUnavailable, code: "draining", detail: "the server is about to stop",
          retryAfter: 5)
      }
      do {
        let isEmpty = try store.baseModels().isEmpty
        return .text(
          .ok, isEmpty ? "ready, but no base model is registered; see the log\n" : "ready\n")
      } catch {
        throw ProblemDetails(
          .serviceUnavailable, code: "not_ready", detail: "the database cannot be read",
          retryAfter: 5)
      }
    }
    routes.on(.get, "/metrics", access: .operator) { _, _, _ in
      .text(.ok, metrics.text, type: Exposition.contentType)
    }
    routes.on(.get, "/openapi.json", access: .anyone, isImmediate: true, isPublic: true) {
      _, _, _ in
      Response(
        .ok, headers: [.contentType: APIDescription.mediaType], body: .bytes(APIDescription.json))
    }
  }
}
