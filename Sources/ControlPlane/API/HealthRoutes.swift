import APIDescription
import HTTPServer
import HTTPTypes
import JobContract
import Metrics
import Store

extension API {
  /// `/healthz`: the process answers. `/readyz`: it can do its work, that is, read its database, and
  /// is not about to stop. `/metrics`: figures for Prometheus, which name nobody but are the
  /// operator's business. `/openapi.json`: all routes, for programs.
  func addHealthRoutes(to routes: inout RouteTable) {
    routes.on(.get, "/healthz", access: .anyone, isImmediate: true, isPublic: true) { _, _, _ in
      .text(.ok, "ok\n")
    }
    // On the event loop, which reads no database, and from there on a thread of its own: whoever asks
    // while all workers are busy learns in time that the server lives.
    routes.on(.get, "/readyz", access: .anyone, isImmediate: true, isPublic: true) { _, _, _ in
      if readiness.isStopping {
        throw ProblemDetails(
          .serviceUnavailable, code: "draining", detail: "the server is about to stop",
          retryAfter: 5)
      }
      return lanes.readiness.response(for: "") { _ in try ready() }
    }
    routes.on(.get, "/metrics", access: .operator, scope: .metrics) { _, _, _ in
      .text(.ok, metrics.text, type: Exposition.contentType)
    }
    routes.on(.get, "/openapi.json", access: .anyone, isPublic: true) {
      _, _, _ in
      Response(
        .ok, headers: [.contentType: APIDescription.mediaType], body: .bytes(APIDescription.json))
    }
  }

  private func ready() throws -> Response {
    do {
      let hasBaseModel = try store.defaultBaseModel() != nil
      try store.requireDatabase()
      try store.requireBytes()
      if store.writing == .full {
        return .text(.ok, "ready, to be read only: no space is left for the database\n")
      }
      guard hasBaseModel else {
        return .text(.ok, "ready, but no base model is registered; see the log\n")
      }
      if try store.queuePaused() != nil {
        return .text(
          .ok, "ready, but the queue is paused: jobs wait until its operator resumes it\n")
      }
      // Names are for token holders.
      let missing = try MissingData.datasets(in: store).count
      let lost = try MissingData.note(ofDefaultBaseModelIn: store)
      return .text(
        .ok,
        missing == 0
          ? "ready\(Problems.note(of: store.bytesCondition))\(lost)\n"
          : "ready, but the files of \(missing) data set(s) are missing: their jobs wait; see the log\n"
      )
    } catch let error as StoreError where error.code == "database_replaced" {
      throw error
    } catch let error as StoreError where error.code == "object_store_unavailable" {
      logger.warning("not ready", metadata: ["error": "\(error)"])
      throw error
    } catch {
      throw ProblemDetails(
        .serviceUnavailable, code: "not_ready", detail: "the database (--db) cannot be read",
        retryAfter: 5)
    }
  }
}
