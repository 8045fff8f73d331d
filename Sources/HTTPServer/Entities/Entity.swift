import Foundation
import HTTPTypes

/// Unchanging content with a strong tag, which answers conditional and range requests
/// (RFC 9110 §13, §14).
public struct Entity: Sendable {
  /// Names these very bytes.
  public let tag: EntityTag
  /// Bytes of the content.
  public let length: Int64
  /// The content's `Content-Type`.
  public let mediaType: String
  /// When the content came to be; nil when that is not known.
  public let lastModified: Date?
  /// Extra fields, such as `Content-Disposition`.
  public let headers: HTTPFields
  private let read: Response.Read

  /// Content that `read` can give any part of; a negative length counts as zero.
  public init(
    tag: EntityTag, length: Int64, mediaType: String, lastModified: Date? = nil,
    headers: HTTPFields = [:], read: @escaping Response.Read
  ) {
    self.tag = tag
    self.length = max(0, length)
    self.mediaType = mediaType
    self.lastModified = lastModified
    self.headers = headers
    self.read = read
  }

  /// The answer to a request for this content: 200, 206, 304, 412 or 416.
  ///
  /// RFC 9110 §13.2.2 gives the order: If-Match or else If-Unmodified-Since, If-None-Match or else
  /// If-Modified-Since, then Range under If-Range.
  public func response(to request: Request) -> Response {
    let isRetrieval = request.method == .get || request.method == .head
    if let list = request.headers[.ifMatch] {
      if !tag.isIn(list, weakly: false) { return preconditionFailed(request, field: "If-Match") }
    } else if let date = date(.ifUnmodifiedSince, of: request), let modified, modified > date {
      return preconditionFailed(request, field: "If-Unmodified-Since")
    }
    if let list = request.headers[.ifNoneMatch] {
      if tag.isIn(list, weakly: true) {
        return isRetrieval ? notModified : preconditionFailed(request, field: "If-None-Match")
      }
    } else if isRetrieval, let date = date(.ifModifiedSince, of: request), let modified,
      modified <= date
    {
      return notModified
    }
    switch range(of: request) {
    case .whole: return whole
    case .unsatisfiable: return unsatisfiable(request)
    // §15.3.7.2: one range that is left is no multipart.
    case .parts(let parts) where parts.count == 1: return part(parts[0])
    case .parts(let parts): return multipart(parts)
    }
  }

  /// RFC 9110 §14.2: Range means something in GET only; §13.1.5: it counts only if the tag in
  /// If-Range is the current one, strongly compared, or its date the very date of the content, which
  /// is a strong validator here: the content never changes.
  private func range(of request: Request) -> ByteRange {
    guard request.method == .get, let field = request.headers[.range] else { return .whole }
    if let condition = request.headers[.ifRange], condition != tag.fieldValue {
      guard let modified, HTTPDate.parse(condition) == modified else { return .whole }
    }
    return ByteRange(field, length: length)
  }

  /// Seconds of `Last-Modified`, which knows no fractions.
  private var modified: Int64? {
    lastModified.map { Int64($0.timeIntervalSince1970.rounded(.down)) }
  }

  /// RFC 9110 §13.1.3, §13.1.4: what is no date is ignored.
  private func date(_ name: HTTPField.Name, of request: Request) -> Int64? {
    request.headers[name].flatMap(HTTPDate.parse)
  }

  // MARK: Answers

  private var whole: Response { content(.ok, length: length, type: mediaType, read) }

  private func part(_ range: Range<Int64>) -> Response {
    let read = read
    var response = content(
      .partialContent, length: Int64(range.count), type: mediaType
    ) { try read(range.lowerBound + $0) }
    response.headers[.contentRange] =
      "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(length)"
    return response
  }

  private func multipart(_ parts: [Range<Int64>]) -> Response {
    let body = MultipartRanges(parts, length: length, mediaType: mediaType, read: read)
    return content(
      .partialContent, length: body.length, type: body.mediaType
    ) { try body.read($0) }
  }

  private func content(
    _ status: HTTPResponse.Status, length: Int64, type: String, _ read: @escaping Response.Read
  ) -> Response {
    var response = Response(status, headers: headers, body: .pulled(length: length, read: read))
    response.headers[.contentType] = type
    response.headers[.eTag] = tag.fieldValue
    response.headers[.lastModified] = modified.map { HTTPDate.format(time_t($0)) }
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

  private func preconditionFailed(_ request: Request, field: String) -> Response {
    var problem = ProblemDetails(
      .preconditionFailed, code: "precondition_failed",
      detail: "The content's tag is \(tag.fieldValue).", param: field)
    problem.requestID = request.id
    return .problem(problem)
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
