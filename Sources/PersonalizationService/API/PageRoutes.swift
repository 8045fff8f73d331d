import Foundation
import HTTPServer
import HTTPTypes
import ServiceAPI
import Store

extension API {
  /// The page for people: whole at `/`, in parts for its script, and the files beside it.
  func addPageRoutes(to router: inout Router) {
    on(.get, "/", in: &router) { request, _ in try page(request, .ok, notice: nil) }
    on(.post, "/", bodyLimit: min(256 << 10, bodyLimit), in: &router) { request, _ in
      try submitForm(request)
    }
    on(.get, "/page/form", in: &router) { request, _ in
      PageSecurity.response(.ok, try form(request))
    }
    on(.get, "/page/jobs", in: &router) { _, _ in PageSecurity.response(.ok, try jobList()) }
    on(.get, "/page/models", in: &router) { _, _ in PageSecurity.response(.ok, try modelList()) }
    on(.get, "/assets/{file}", in: &router) { request, parameters in
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
      ) { offset, length, writer in
        try writer.write(Array(asset.bytes.dropFirst(Int(offset)).prefix(Int(length))))
      }
      return entity.response(to: request)
    }
  }

  // MARK: Parts

  private func page(
    _ request: Request, _ status: HTTPResponse.Status, notice: String?
  ) throws -> Response {
    let error: HTML? = notice.map { "<p class=\"error\" role=\"alert\">\($0)</p>" }
    return PageSecurity.response(
      status,
      PageFiles.page([
        "notice": error ?? "", "form": try form(request), "jobs": try jobList(),
        "models": try modelList(), "generator": "\(Service.generator)",
      ]))
  }

  private func form(_ request: Request) throws -> HTML {
    RequestForm(
      try store.baseModels().map(Self.resource), chosen: request.queryValue("base_model"),
      user: nil
    ).html
  }

  private func jobList() throws -> HTML {
    let page = try store.jobs(JobFilter(), after: nil, limit: Self.listed)
    return JobList(page.elements.map(Self.resource), hasMore: page.hasMore).html
  }

  private func modelList() throws -> HTML {
    let page = try store.models(ModelFilter(), after: nil, limit: Self.listed)
    let entries = page.elements.map { record in
      ModelList.Entry(
        Self.resource(record), card: try? JSONDecoder().decode(ModelCard.self, from: record.card))
    }
    return ModelList(entries, hasMore: page.hasMore).html
  }

  /// Jobs, and models, that the page shows.
  private static var listed: Int { 20 }

  // MARK: The form

  /// `POST /users/{user}/classes` for forms: the user stands in the form, because no form can put
  /// any text into a path (in URLs, `..` is never data). Browsers without the script are led back to
  /// the page; the script gets the job itself.
  private func submitForm(_ request: Request) throws -> Response {
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
      let form = PageForm(try request.form)
      let job = try submit(
        form.body(labels: store.baseModel(form.baseModel).record.labels),
        idempotencyKey: nil, user: UserID(form.user))
      guard wantsPage else {
        return try .json(
          job.isFinished ? .ok : .accepted, job, headers: [.location: "/jobs/\(job.id)"])
      }
      return Response(.seeOther, headers: [.location: "/#\(job.id)"])
    } catch {
      guard wantsPage, let problem = Problems.problem(for: error) else { throw error }
      return try page(
        request, HTTPResponse.Status(code: problem.status),
        notice: problem.detail ?? problem.title)
    }
  }
}
