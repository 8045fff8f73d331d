import HTTPTypes

/// A validated request line and header block, with what they say about the body and connection.
package struct RequestHead: Sendable {
  /// How the end of the body is known (RFC 9112 §6.3).
  package enum BodyFraming: Sendable, Equatable {
    case none
    case length(Int)
    case chunked

    /// Whether it is worth asking for leave before the body is read.
    var mayBeLarge: Bool {
      switch self {
      case .none: false
      case .length(let length): length > 64 * 1024
      case .chunked: true
      }
    }
  }

  /// The request line.
  package let line: RequestLine
  /// The header fields, in order.
  package let headers: HTTPFields
  /// How the end of the body is known; a Content-Length of 0 counts as no body.
  package let framing: BodyFraming
  /// Whether the client can take another response on this connection (RFC 9112 §9.3).
  package let keepAlive: Bool
  /// Whether the client waits for an interim answer before it sends the body.
  package let expectsContinue: Bool

  init(line: RequestLine, headers: HTTPFields) throws(FramingError) {
    self.line = line
    self.headers = headers
    try Self.checkHost(headers, line: line)
    framing = try Self.bodyFraming(headers, line: line)
    keepAlive = Self.keepAlive(headers, line: line)

    // RFC 9110 §10.1.1: 417 for unknown expectations; 100-continue from an HTTP/1.0 client is
    // ignored.
    let expectations = Self.list(headers[fields: .expect])
    guard expectations.allSatisfy({ $0.equalsIgnoringCase("100-continue") }) else {
      throw .unknownExpectation
    }
    expectsContinue = !expectations.isEmpty && line.version == .http11 && framing != .none
  }

  /// RFC 9112 §3.2: 400 for a missing Host in HTTP/1.1, for more than one and for an invalid one.
  private static func checkHost(_ headers: HTTPFields, line: RequestLine) throws(FramingError) {
    // HTTPTypes has no name for this field: there it is part of the request's pseudo fields.
    let hosts = headers.filter { $0.name.canonicalName == "host" }
    guard hosts.count <= 1 else { throw .repeatedHost }
    guard let host = hosts.first else {
      if line.version == .http11 { throw .missingHost }
      return
    }
    guard Authority.isValid(host.value.utf8) else { throw .malformedHost }
  }

  private static func bodyFraming(
    _ headers: HTTPFields, line: RequestLine
  ) throws(FramingError) -> BodyFraming {
    let encodings = headers[fields: .transferEncoding]
    let lengths = headers[fields: .contentLength]
    if !encodings.isEmpty {
      // RFC 9112 §6.1: HTTP/1.0 does not define Transfer-Encoding; a message with both fields is
      // an attempt at request smuggling.
      guard line.version == .http11 else { throw .transferEncodingInOldVersion }
      guard lengths.isEmpty else { throw .conflictingLength }
      try checkCodings(encodings)
      return .chunked
    }
    guard let field = lengths.first else { return .none }
    // RFC 9110 §8.6 lets equal duplicates pass; refusing them leaves nothing to disagree about.
    guard lengths.count == 1 else { throw .repeatedContentLength }
    guard let length = decimal(field.value.utf8) else { throw .malformedContentLength }
    return length == 0 ? .none : .length(length)
  }

  /// RFC 9112 §6.3: without chunked as the last coding nobody knows where the body ends: 400;
  /// §7: nor if it was applied before. §6.1: 501 for codings this server does not have, which are
  /// all others. Empty members are refused, though §5.6.1.2 of RFC 9110 would skip them: peers
  /// have read "chunked," in two ways.
  private static func checkCodings(_ fields: [HTTPField]) throws(FramingError) {
    let codings = fields.flatMap { field in
      field.value.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
        Array($0.trimmingWhitespace)
      }
    }
    let isChunked = codings.map { $0.equalsIgnoringCase("chunked") }
    guard isChunked.last == true, !isChunked.dropLast().contains(true),
      !codings.contains(where: \.isEmpty)
    else { throw .malformedTransferEncoding }
    guard codings.count == 1 else { throw .unsupportedTransferEncoding }
  }

  /// The members of a list (RFC 9110 §5.6.1), over all fields that carry it; empty ones do not count.
  private static func list(_ fields: [HTTPField]) -> [[UInt8]] {
    fields.flatMap { field in
      field.value.utf8.split(separator: UInt8(ascii: ",")).map { Array($0.trimmingWhitespace) }
    }.filter { !$0.isEmpty }
  }

  /// RFC 9110 §8.6: Content-Length = 1*DIGIT. Nil when it is not, or exceeds `Int`.
  private static func decimal(_ bytes: some Collection<UInt8>) -> Int? {
    guard !bytes.isEmpty else { return nil }
    var value = 0
    for byte in bytes {
      guard let digit = ByteClass.digit(byte) else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int(digit))
      if overflow || carry { return nil }
      value = sum
    }
    return value
  }

  /// RFC 9112 §9.3: "close" wins; HTTP/1.0 persists only when it asks to.
  private static func keepAlive(_ headers: HTTPFields, line: RequestLine) -> Bool {
    var asksToKeep = line.version == .http11
    for option in list(headers[fields: .connection]) {
      if option.equalsIgnoringCase("close") { return false }
      if option.equalsIgnoringCase("keep-alive") { asksToKeep = true }
    }
    return asksToKeep
  }
}
