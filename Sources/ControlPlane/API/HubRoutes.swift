import HTTPServer
import HTTPTypes
import Inputs
import Store

extension API {
  /// What the client of PyPI's `huggingface_hub` asks a hub for when it downloads a model: with
  /// `HF_ENDPOINT` set to this server, `hf download <model>` works as it is.
  func addHubRoutes(to routes: inout RouteTable) {
    for pattern in ["/api/models/{model}", "/api/models/{model}/revision/{revision}"] {
      routes.on(.get, pattern, access: .modelHolder) { _, parameters, caller in
        let repository = try repository(parameters, caller)
        return try .json(.ok, HubResources.Model(repository, isPrivate: gate.isClosed))
      }
    }
    routes.on(.get, "/api/models/{model}/tree/{revision}", access: .modelHolder) {
      _, parameters, caller in
      try .json(.ok, repository(parameters, caller).files.map(HubResources.Entry.init))
    }
    routes.on(.get, "/{model}/resolve/{revision}/{file}", access: .modelHolder) {
      request, parameters, caller in
      try file(request, repository(parameters, caller), name: parameters.require("file"))
    }
  }

  private func repository(
    _ parameters: PathParameters, _ caller: Caller
  ) throws -> HubRepository {
    let repository = try HubRepository(model(parameters, for: caller))
    if let revision = parameters["revision"], !repository.has(revision: revision) {
      throw Self.problem(
        "RevisionNotFound", "there is no revision '\(revision.echoed())' of \(repository.model.id)")
    }
    return repository
  }

  /// A file under the names that the client looks for: it takes the digest for the file's name in
  /// its cache, and for a check of what is there already.
  private func file(_ request: Request, _ repository: HubRepository, name: String) throws
    -> Response
  {
    let commit = HTTPField.Name("X-Repo-Commit")
    guard let file = repository.files.first(where: { $0.name == name }) else {
      var problem = Self.problem(
        "EntryNotFound", "there is no file '\(name.echoed())' of \(repository.model.id)")
      if let commit { problem.headers[commit] = repository.commit }
      throw problem
    }
    uses.note(repository.model.id)
    var download = FileDownload(
      content: file.content, mediaType: file.mediaType, createdAt: repository.model.createdAt)
    // Another version of this program may write another README under `main`.
    download.headers[.cacheControl] = "private, no-cache"
    if let commit { download.headers[commit] = repository.commit }
    download.headers.append(contentsOf: download.linked)
    return try download.response(to: request, from: store, redirects: redirectsDownloads)
  }

  private static func problem(_ hubCode: String, _ detail: String) -> ProblemDetails {
    ProblemDetails(.notFound, code: "not_found", detail: detail, headers: hubError(hubCode))
  }

  /// How the client tells one 404 from another.
  static func hubError(_ code: String) -> HTTPFields {
    HTTPField.Name("X-Error-Code").map { [$0: code] } ?? [:]
  }
}
