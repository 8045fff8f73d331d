import Foundation
import HTTPServer
import HTTPTypes
import ServiceAPI
import Store

extension API {
  /// A job's log: a page of it as JSON, or from there on everything as it happens.
  func addEventRoutes(to routes: inout RouteTable) {
    routes.on(.get, "/jobs/{job}/events", access: .requester) { request, parameters, caller in
      let job: JobID = try Self.identifier("job", in: parameters)
      let types = ["application/json", ServerSentEvent.mediaType]
      switch AcceptField(request.headers[.accept]).preferred(among: types) {
      case ServerSentEvent.mediaType: return try eventStream(of: job, request, parameters, caller)
      case nil:
        throw ProblemDetails(
          .notAcceptable, code: "not_acceptable",
          detail: "events are available as \(types.joined(separator: " or "))", param: "Accept",
          extensions: ["known": .strings(types)])
      default:
        return lanes.lists.response(for: try party(caller, request)) { _ in
          try eventPage(of: job, request, caller)
        }
      }
    }
  }

  private func eventPage(
    of job: JobID, _ request: Request, _ caller: Caller
  ) throws -> Response {
    let asked = try asked(job, by: caller)
    let page = try store.events(
      of: job, after: Self.sequence(request.queryValue("after"), of: "after") ?? 0,
      limit: Self.limit(request))
    return try .json(
      .ok,
      ListResource(
        page.elements.map { Self.resource($0.shown(notBefore: asked?.addedAt)) },
        hasMore: page.hasMore,
        lastID: page.elements.last.map { String($0.sequence) }),
      headers: [.vary: "Accept"])
  }

  private func eventStream(
    of job: JobID, _ request: Request, _ parameters: PathParameters, _ caller: Caller
  ) throws -> Response {
    // A client that comes back repeats its address, `after` and all; the field is newer.
    let position =
      try Self.sequence(Self.lastEventID(request), of: "Last-Event-ID")
      ?? Self.sequence(request.queryValue("after"), of: "after") ?? 0
    // While there is still a status to answer with.
    _ = try store.job(job)
    let watch = JobWatch(
      job, after: position, for: caller, asked: try asked(job, by: caller), hub: hub, store: store,
      heartbeat: heartbeat
    ) { [gate] in
      // What cannot be looked up now is looked up again before long.
      do {
        _ = try gate.admit(request, parameters, to: .requester, scope: .read)
        return true
      } catch {
        return !(400..<500).contains(Problems.problem(for: error)?.status ?? 500)
      }
    }
    var headers: HTTPFields = [
      .contentType: ServerSentEvent.mediaType, .cacheControl: "no-store", .vary: "Accept",
    ]
    // nginx would hold events back until its buffer is full (ngx_http_proxy_module, proxy_buffering).
    if let name = HTTPField.Name("X-Accel-Buffering") { headers[name] = "no" }
    return Response(.ok, headers: headers, body: .live(watch))
  }

  /// Empty is the same as none: a browser that has seen no id sends none.
  private static func lastEventID(_ request: Request) -> String? {
    let text = HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] }
    return text == "" ? nil : text
  }

  private static func sequence(_ text: String?, of param: String) throws -> Int64? {
    guard let text else { return nil }
    guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int64(text)
    else { throw JSONBody.invalid("must be the number of an event", param: param) }
    return value
  }

  static func resource(_ record: EventRecord) -> JobEventResource {
    JobEventResource(
      id: record.sequence, createdAt: seconds(record.createdAt),
      level: record.event.level.rawValue, type: record.event.type,
      message: record.event.message, data: json(record.event.data))
  }
}
