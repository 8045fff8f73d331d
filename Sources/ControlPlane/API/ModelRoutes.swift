import Foundation
import HTTPServer
import HTTPTypes
import ServiceAPI
import Store

extension API {
  func addModelRoutes(to routes: inout RouteTable) {
    onList("/models", access: .tokenHolder, in: &routes) { request, _, caller in
      let filter = ModelFilter(user: try Self.scope(request, of: caller))
      let after = try Self.after(request, as: ModelID.self)
      if let after { try gate.show(after, to: caller) }
      let page = try store.models(filter, after: after, limit: Self.limit(request))
      return try .json(
        .ok,
        ListResource(
          page.elements.map { Self.resource(try shown($0, to: caller)) }, hasMore: page.hasMore,
          lastID: page.elements.last?.id.rawValue))
    }
    routes.on(.get, "/models/{model}", access: .modelHolder) { request, parameters, caller in
      try download(request, model: model(parameters, for: caller), for: caller)
    }
    routes.on(.delete, "/models/{model}", access: .modelHolder) { request, parameters, caller in
      let id: ModelID = try Self.identifier("model", in: parameters)
      // A user leaves it; an operator removes it for everyone, or takes it from one.
      let user = try Self.scope(request, of: caller)
      if try store.removeModel(id, from: user) { predictions.drop([id]) }
      return Response(.noContent)
    }
    routes.on(.get, "/models/{model}/card", access: .modelHolder) { _, parameters, _ in
      var response = Response(.ok, body: .bytes(Array(try model(parameters).card)))
      response.headers[.contentType] = "application/json"
      return response
    }
  }

  func model(_ parameters: PathParameters) throws -> ModelRecord {
    try store.model(Self.identifier("model", in: parameters))
  }

  /// The model's file in the format that the request prefers, made first if nobody has asked for it
  /// before.
  private func download(_ request: Request, model: ModelRecord, for caller: Caller) throws
    -> Response
  {
    let (format, mediaType) = try DownloadFormat.choice(for: request)
    uses.note(model.id)
    if let blob = ModelConverter.known(model, as: format) {
      return try download(blob, format, mediaType, request, model)
    }
    return lanes.conversions.response(for: try party(caller, request)) { _ in
      let blob = try converter.convert(model, to: format)
      return try download(blob, format, mediaType, request, model)
    }
  }

  private func download(
    _ blob: BlobRecord, _ format: DownloadFormat, _ mediaType: String, _ request: Request,
    _ model: ModelRecord
  ) throws -> Response {
    var download = FileDownload(
      content: .blob(blob), mediaType: mediaType, createdAt: model.createdAt)
    // Published bytes never change, so they may be kept for ever, but only by who could fetch them.
    download.headers[.cacheControl] = "private, max-age=31536000, immutable"
    download.headers[.contentDisposition] = ContentDisposition.attachment(
      DownloadName.stem(labels: model.labels), ending: format.ending)
    download.headers[.vary] = "Accept"
    return try download.response(to: request, from: store, redirects: redirectsDownloads)
  }

  /// A model as lists show it.
  package static func resource(_ record: ModelRecord) -> ModelResource {
    ModelResource(
      id: record.id.rawValue, createdAt: seconds(record.createdAt), labels: record.labels,
      labelCount: record.labelCount, bytes: record.blob.size, sha256: record.blob.digest.hex,
      baseModel: record.baseModel,
      job: record.job.rawValue)
  }
}
