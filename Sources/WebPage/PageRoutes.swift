import ControlPlane
import Foundation
import HTTPServer
import HTTPTypes
import JobContract
import ModelCards
import ServiceAPI
import Store

extension API {
  /// The page for people: whole at `/`, in parts for its script, and the files beside it. A server
  /// that asks for tokens shows nobody's things at `/`: the script fetches them with a token.
  package func addPageRoutes(to routes: inout RouteTable) {
    routes.on(.get, "/", access: .anyone) { request, _, _ in
      guard try gate.isClosed else {
        return lanes.lists.response(for: try party(.operator, request)) { _ in
          try page(request, .ok, for: .operator)
        }
      }
      return PageSecurity.response(.ok, closedPage)
    }
    routes.on(.post, "/", access: .tokenHolder, bodyLimit: min(256 << 10, bodyLimit)) {
      request, _, caller in
      lanes.requests.response(for: try party(caller, request)) { _ in
        try submitForm(request, caller)
      }
    }
    onList("/page/form", access: .tokenHolder, in: &routes) { request, _, caller in
      PageSecurity.response(.ok, try form(request, for: caller))
    }
    onList("/page/jobs", access: .tokenHolder, in: &routes) { _, _, caller in
      PageSecurity.response(.ok, try jobList(for: caller))
    }
    onList("/page/models", access: .tokenHolder, in: &routes) { _, _, caller in
      PageSecurity.response(.ok, try modelList(for: caller))
    }
    routes.on(.get, "/assets/{file}", access: .anyone, isImmediate: true, isPublic: true) {
      request, parameters, _ in
      let name = try parameters.require("file")
      guard let asset = PageFiles.assets.first(where: { $0.name == name }), let tag = asset.tag
      else {
        throw ProblemDetails(
          .notFound, code: "not_found", detail: "the page has no file of that name")
      }
      var headers = PageSecurity.fields
      headers[.cacheControl] = "no-cache"
      let entity = Entity(
        tag: tag, length: Int64(asset.bytes.count), mediaType: asset.mediaType, headers: headers
      ) { offset in asset.bytes.dropFirst(Int(offset)) }
      return entity.response(to: request)
    }
  }

  // MARK: Parts

  private func page(
    _ request: Request, _ status: HTTPResponse.Status, for caller: Caller, notice: String? = nil
  ) throws -> Response {
    let error: HTML? = notice.map { "<p class=\"error\" role=\"alert\">\($0)</p>" }
    return PageSecurity.response(
      status,
      PageFiles.page([
        "notice": error ?? "", "form": try form(request, for: caller),
        "jobs": try jobList(for: caller), "models": try modelList(for: caller),
        "generator": "\(ProgramVersion.generator)",
      ]))
  }

  /// The script looks for the paragraph's id.
  private var closedPage: HTML {
    PageFiles.page([
      "notice": "", "form": "<p class=\"empty\" id=\"token-needed\">Sign in to see it.</p>",
      "jobs": "<p class=\"empty\">Sign in to see it.</p>",
      "models": """
      <p class="empty">Sign in to see it.</p><noscript><p class="empty">This server asks for an \
      access token, which the page can send with JavaScript only.</p></noscript>
      """,
      "generator": "\(ProgramVersion.generator)",
    ])
  }

  private func form(_ request: Request, for caller: Caller) throws -> HTML {
    var user: String?
    if case .user(let own) = caller { user = own.text }
    return RequestForm(
      try baseModels(), chosen: request.queryValue("base_model"),
      user: user
    ).html
  }

  private func jobList(for caller: Caller) throws -> HTML {
    let filter = JobFilter(user: try caller.scope(asking: nil))
    let page = try store.jobs(filter, after: nil, limit: Self.listed)
    return try JobList(
      page.elements.map { try resource($0, for: caller).read }, hasMore: page.hasMore,
      isPaused: store.queuePaused() != nil
    ).html
  }

  private func modelList(for caller: Caller) throws -> HTML {
    let filter = ModelFilter(user: try caller.scope(asking: nil))
    let page = try store.models(filter, after: nil, limit: Self.listed)
    let entries = try page.elements.map { record in
      ModelList.Entry(
        Self.resource(try shown(record, to: caller)),
        card: try? JSONDecoder().decode(ModelCard.self, from: record.card))
    }
    return ModelList(entries, hasMore: page.hasMore).html
  }

  /// Jobs, and models, that the page shows.
  private static var listed: Int { 20 }

  // MARK: The form

  /// `POST /users/{user}/classes` for forms: the user stands in the form, because no form can put
  /// any text into a path (in URLs, `..` is never data). Browsers without the script are led back to
  /// the page; the script gets the job itself.
  private func submitForm(_ request: Request, _ caller: Caller) throws -> Response {
    // A page elsewhere may send forms here too, with the browser's access to this server.
    guard request.isCrossSite == false else {
      throw ProblemDetails(
        .forbidden, code: "cross_site",
        detail: "forms are taken from this server's own page only; programs use "
          + "POST /users/{user}/classes")
    }
    let types = ["text/html", "application/json"]
    let wantsPage = AcceptField(request.headers[.accept]).preferred(among: types) != types[1]
    do {
      let form = try PageForm(request.form)
      let user = try UserID(form.user)
      _ = try caller.scope(asking: user)
      try limitRate(of: user, request)
      let job = try submit(
        form.body(labels: try store.baseModel(form.baseModel).record.labels),
        under: nil, of: request, user: user, for: caller)
      guard wantsPage else {
        return try .json(
          job.isFinished ? .ok : .accepted, job, headers: [.location: "/jobs/\(job.id)"])
      }
      return Response(.seeOther, headers: [.location: "/#\(job.id)"])
    } catch {
      guard wantsPage, let problem = Problems.problem(for: error) else { throw error }
      return try page(
        request, HTTPResponse.Status(code: problem.status), for: caller,
        notice: problem.detail ?? problem.title)
    }
  }
}
