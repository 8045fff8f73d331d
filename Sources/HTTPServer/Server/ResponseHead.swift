import HTTPTypes

/// The status line and header block of one response, as bytes.
struct ResponseHead {
  /// How the peer will know the body's end (RFC 9112 §6.3).
  enum Framing: Equatable {
    case none
    case length(Int64)
    case chunked
    case untilClose
  }

  let status: HTTPResponse.Status
  let headers: HTTPFields
  let framing: Framing
  let requestID: String
  let version: RequestLine.Version
  let keepAlive: Bool

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(512)
    bytes += "HTTP/1.1 \(status.code) \(ReasonPhrase.of(status))\r\nDate: ".utf8
    bytes += HTTPDate.now
    switch framing {
    case .none, .untilClose: break
    case .length(let length): bytes += "\r\nContent-Length: \(length)".utf8
    case .chunked: bytes += "\r\nTransfer-Encoding: chunked".utf8
    }
    if !keepAlive {
      bytes += "\r\nConnection: close".utf8
    } else if version == .http10 {
      bytes += "\r\nConnection: keep-alive".utf8
    }
    bytes += "\r\nRequest-Id: \(requestID)\r\n".utf8
    for field in headers where !Self.isOwnedByServer(field.name) {
      bytes += field.name.rawName.utf8
      bytes.append(ByteClass.colon)
      bytes.append(ByteClass.space)
      // HTTPTypes keeps line breaks and NUL out of values, so no value can end its line.
      field.withUnsafeBytesOfValue { bytes.append(contentsOf: $0) }
      bytes.append(ByteClass.carriageReturn)
      bytes.append(ByteClass.lineFeed)
    }
    bytes.append(ByteClass.carriageReturn)
    bytes.append(ByteClass.lineFeed)
    return bytes
  }

  private static func isOwnedByServer(_ name: HTTPField.Name) -> Bool {
    switch name.canonicalName {
    case "date", "content-length", "transfer-encoding", "connection", "keep-alive", "request-id":
      true
    default: false
    }
  }
}

/// Reason phrases of statuses that were made from a bare number.
enum ReasonPhrase {
  private static let phrases: [Int: String] = {
    let errors: [HTTPResponse.Status] = [
      .badRequest, .unauthorized, .forbidden, .notFound, .methodNotAllowed, .notAcceptable,
      .requestTimeout, .conflict, .gone, .lengthRequired, .preconditionFailed, .contentTooLarge,
      .uriTooLong, .unsupportedMediaType, .rangeNotSatisfiable, .expectationFailed,
      .unprocessableContent, .preconditionRequired, .tooManyRequests,
      .requestHeaderFieldsTooLarge, .internalServerError, .notImplemented, .badGateway,
      .serviceUnavailable, .gatewayTimeout, .httpVersionNotSupported,
      .init(code: 507, reasonPhrase: "Insufficient Storage"),
    ]
    return Dictionary(errors.map { ($0.code, $0.reasonPhrase) }) { first, _ in first }
  }()

  static func of(_ status: HTTPResponse.Status) -> String {
    status.reasonPhrase.isEmpty ? phrases[status.code] ?? "" : status.reasonPhrase
  }
}
