import Foundation
import HTTPServer
import HTTPTypes
import ServiceAPI
import Store

extension API {
  func addModelRoutes(to routes: inout RouteTable) {
    routes.on(.get, "/models", access: .tokenHolder) { request, _, caller in
      let filter = ModelFilter(user: try Self.scope(request, of: caller))
      let after = try Self.after(request, as: ModelID.self)
      if let after { try gate.show(after, to: caller) }
      let page = try store.models(filter, after: after, limit: Self.limit(request))
      return try .json(
        .ok,
        ListResource(
          page.elements.map(Self.resource), hasMore: page.hasMore,
          lastID: page.elements.last?.id.rawValue))
    }
    routes.on(.get, "/models/{model}", access: .modelHolder) { request, parameters, _ in
      try download(request, model: model(parameters))
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

  /// Streams the packed file from its chunks. The bytes of a model never change, so they may be
  /// kept for ever, but only by who was allowed to fetch them.
  private func download(_ request: Request, model: ModelRecord) throws -> Response {
    if let format = request.queryValue("format"), format != "crisp" {
      throw ProblemDetails(
        .notAcceptable, code: "unknown_format",
        detail: "this model can be had as 'crisp', not as '\(format)'", param: "format",
        extensions: ["known": .strings(["crisp"])])
    }
    guard let tag = EntityTag(model.blob.digest.hex) else {
      throw StoreError.blobCorrupt(model.blob.digest)
    }
    let reader = try store.open(model.blob.digest)
    var headers = HTTPFields()
    headers[.contentDisposition] =
      "attachment; filename=\"\(model.id.rawValue).crisp.safetensors\""
    headers[.cacheControl] = "private, max-age=31536000, immutable"
    // RFC 9530: base64 of the digest of the whole representation, ranges or not.
    if let name = HTTPField.Name("Repr-Digest") {
      headers[name] = "sha-256=:\(Data(model.blob.digest.bytes).base64EncodedString()):"
    }
    let entity = Entity(
      tag: tag, length: reader.size, mediaType: "application/octet-stream", headers: headers
    ) { offset, length, writer in
      try reader.stream(offset..<offset + length) { chunk in try writer.write(Array(chunk)) }
    }
    return entity.response(to: request)
  }

  static func resource(_ record: ModelRecord) -> ModelResource {
    ModelResource(
      id: record.id.rawValue, createdAt: seconds(record.createdAt), labels: record.labels,
      bytes: record.blob.size, sha256: record.blob.digest.hex, baseModel: record.baseModel,
      job: record.job.rawValue)
  }
}
