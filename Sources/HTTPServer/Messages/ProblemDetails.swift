import HTTPTypes

/// A problem details object (RFC 9457), which handlers throw to answer with an error.
public struct ProblemDetails: Error, Sendable, Equatable {
  /// URI of the kind of problem; "about:blank" says no more than the status (RFC 9457 §4.2.1).
  public var type: String
  /// Short summary of the kind of problem.
  public var title: String
  /// The HTTP status, 400...599.
  public var status: Int
  /// What went wrong this time and what to do about it.
  public var detail: String?
  /// Stable name of the error, in snake case.
  public var code: String
  /// The parameter, field or member at fault.
  public var param: String?
  /// The request; the server fills it in.
  public var requestID: String?
  /// Extra members; a name of a member above is ignored.
  public var extensions: [String: ExtensionMember]
  /// Seconds for a `Retry-After` field (RFC 9110 §10.2.3); not part of the JSON.
  public var retryAfter: Int?
  /// Extra header fields, such as `Allow`; not part of the JSON.
  public var headers: HTTPFields

  /// A problem; the title is the status's reason phrase unless given.
  public init(
    _ status: HTTPResponse.Status, code: String, detail: String? = nil, param: String? = nil,
    type: String = "about:blank", title: String? = nil,
    extensions: [String: ExtensionMember] = [:], retryAfter: Int? = nil, headers: HTTPFields = [:]
  ) {
    self.type = type
    self.title = title ?? status.reasonPhrase
    self.status = status.code
    self.detail = detail
    self.code = code
    self.param = param
    self.extensions = extensions
    self.retryAfter = retryAfter
    self.headers = headers
  }

  init(_ error: FramingError) {
    self.init(error.status, code: error.code, detail: error.detail)
  }

  /// The status line's status; one that is no error is sent as 500.
  var responseStatus: HTTPResponse.Status {
    (400...599).contains(status)
      ? HTTPResponse.Status(integerLiteral: status)
      : .internalServerError
  }
}

extension ProblemDetails: Codable {
  private enum Key: String, CaseIterable {
    case type, title, status, detail, code, param
    case requestID = "request_id"
  }

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
    init(_ key: Key) { stringValue = key.rawValue }
  }

  /// Reads a problem; all other members become extensions, and null ones are left out.
  /// - Throws: `DecodingError`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    type = try container.decodeIfPresent(String.self, forKey: Name(.type)) ?? "about:blank"
    title = try container.decodeIfPresent(String.self, forKey: Name(.title)) ?? ""
    status = try container.decode(Int.self, forKey: Name(.status))
    detail = try container.decodeIfPresent(String.self, forKey: Name(.detail))
    code = try container.decodeIfPresent(String.self, forKey: Name(.code)) ?? ""
    param = try container.decodeIfPresent(String.self, forKey: Name(.param))
    requestID = try container.decodeIfPresent(String.self, forKey: Name(.requestID))
    extensions = [:]
    headers = [:]
    for name in container.allKeys where Key(rawValue: name.stringValue) == nil {
      extensions[name.stringValue] = try container.decodeIfPresent(
        ExtensionMember.self, forKey: name)
    }
  }

  /// Writes the members that are set, and the extensions beside them.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Name.self)
    for (name, value) in extensions where Key(rawValue: name) == nil {
      try container.encode(value, forKey: Name(stringValue: name))
    }
    try container.encode(type, forKey: Name(.type))
    try container.encode(title, forKey: Name(.title))
    try container.encode(status, forKey: Name(.status))
    try container.encodeIfPresent(detail, forKey: Name(.detail))
    try container.encode(code, forKey: Name(.code))
    try container.encodeIfPresent(param, forKey: Name(.param))
    try container.encodeIfPresent(requestID, forKey: Name(.requestID))
  }
}
