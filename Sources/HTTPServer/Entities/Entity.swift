import HTTPTypes

/// Unchanging content with a strong tag, which answers conditional and range requests
/// (RFC 9110 §13, §14).
public struct Entity: Sendable {
  /// Writes `length` bytes from `offset` on. Both are within the content.
  public typealias Read =
    @Sendable (_ offset: Int64, _ length: Int64, _ writer: any BodyWriter) throws -> Void

  /// Names these very bytes.
  public let tag: EntityTag
  /// Bytes of the content.
  public let length: Int64
  /// The content's `Content-Type`.
  public let mediaType: String
  /// Extra fields, such as `Content-Disposition`.
  public let headers: HTTPFields
  private let read: Read

  /// Content that `read` can write any part of; a negative length counts as zero.
  public init(
    tag: EntityTag, length: Int64, mediaType: String, headers: HTTPFields = [:],
    read: @escaping Read
  ) {
    self.tag = tag
    self.length = max(0, length)
    self.mediaType = mediaType
    self.headers = headers
    self.read = read
  }

  /// The answer to a request for this content: 200, 206, 304, 412 or 416.
  ///
  /// RFC 9110 §13.2.2 gives the order: If-Match, If-None-Match, then Range under If-Range.
  public func response(to request: Request) -> Response {
    let isRetrieval = request.method == .get || request.method == .head
    if let list = request.headers[.ifMatch], !tag.isIn(list, weakly: false) {
      return .problem(preconditionFailed(of: request, field: "If-Match"))
    }
    if let list = request.headers[.ifNoneMatch], tag.isIn(list, weakly: true) {
      return isRetrieval
        ? notModified : .problem(preconditionFailed(of: request, field: "If-None-Match"))
    }
    switch range(of: request) {
    case .whole: return content(.ok, first: 0, length: length)
    case .unsatisfiable: return unsatisfiable(request)
    case .part(let first, let last):
      var response = content(.partialContent, first: first, length: last - first + 1)
      response.headers[.contentRange] = "bytes \(first)-\(last)/\(length)"
      return response
    }
  }

  /// RFC 9110 §14.2: Range means something in GET only; §13.1.5: it counts only if the tag in
  /// If-Range is the current one, strongly compared. A date there never matches: there is none.
  private func range(of request: Request) -> ByteRange {
    guard request.method == .get, let field = request.headers[.range] else { return .whole }
    if let condition = request.headers[.ifRange], condition != tag.fieldValue { return .whole }
    return ByteRange(field, length: length)
  }

  private func content(
    _ status: HTTPResponse.Status, first: Int64, length: Int64
  ) -> Response {
    let read = read
    var response = Response(
      status, headers: headers,
      body: .stream(length: length) { try read(first, length, $0) })
    response.headers[.contentType] = mediaType
    response.headers[.eTag] = tag.fieldValue
    response.headers[.acceptRanges] = "bytes"
    return response
  }

  /// RFC 9110 §15.4.5: the fields that a cache needs, and no other metadata.
  private var notModified: Response {
    var fields = HTTPFields()
    for name in [HTTPField.Name.cacheControl, .contentLocation, .expires, .vary] {
      fields[fields: name] = headers[fields: name]
    }
    fields[.eTag] = tag.fieldValue
    return Response(.notModified, headers: fields)
  }

  private func preconditionFailed(of request: Request, field: String) -> ProblemDetails {
    var problem = ProblemDetails(
      .preconditionFailed, code: "precondition_failed",
      detail: "The content's tag is \(tag.fieldValue).", param: field)
    problem.requestID = request.id
    return problem
  }

  /// RFC 9110 §15.5.17: the answer names the length there is.
  private func unsatisfiable(_ request: Request) -> Response {
    var problem = ProblemDetails(
      .rangeNotSatisfiable, code: "range_not_satisfiable",
      detail: "Ask for a range that starts within the \(length) bytes there are.", param: "Range",
      headers: [.contentRange: "bytes */\(length)", .acceptRanges: "bytes"])
    problem.requestID = request.id
    return .problem(problem)
  }
}
