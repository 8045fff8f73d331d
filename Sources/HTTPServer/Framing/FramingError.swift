import HTTPTypes

/// A message the server cannot or will not frame. Each is answered once and ends the connection,
/// because where the next request starts is no longer known (RFC 9112 §11.2).
package enum FramingError: Error, Equatable, Sendable, CaseIterable {
  case malformedRequestLine, requestLineTooLong, versionNotSupported, malformedTarget
  case bareLineTerminator, controlByte
  case headerBlockTooLarge, tooManyFields, foldedField, malformedField, fieldNotASCII
  case missingHost, repeatedHost, malformedHost
  case malformedContentLength, repeatedContentLength, conflictingLength
  case malformedTransferEncoding, unsupportedTransferEncoding
  case transferEncodingInOldVersion
  case malformedChunk, chunkExtensionsTooLarge, trailersTooLarge, bodyTooLarge
  case unknownExpectation
  case headerTimeout, bodyTimeout
  case plainHTTP

  /// The answer's status.
  package var status: HTTPResponse.Status { rendering.0 }
  /// Stable name of the error, in snake case.
  package var code: String { rendering.1 }
  /// What is wrong, for the person who wrote the client.
  package var detail: String { rendering.2 }

  private var rendering: (HTTPResponse.Status, String, String) {
    switch self {
    case .malformedRequestLine:
      (.badRequest, "malformed_request_line", "Send 'METHOD target HTTP/1.1' with single spaces.")
    case .requestLineTooLong:
      (.uriTooLong, "request_line_too_long", "Shorten the request target.")
    case .versionNotSupported:
      (.httpVersionNotSupported, "http_version_not_supported", "Use HTTP/1.1.")
    case .malformedTarget:
      (
        .badRequest, "malformed_target",
        "Send an absolute path; percent-encode other bytes, as UTF-8, in the target."
      )
    case .bareLineTerminator:
      (.badRequest, "bare_line_terminator", "End every line with CR LF.")
    case .controlByte:
      (.badRequest, "control_byte", "Remove control bytes from the request line and the fields.")
    case .headerBlockTooLarge:
      (.requestHeaderFieldsTooLarge, "header_block_too_large", "Send shorter header fields.")
    case .tooManyFields:
      (.requestHeaderFieldsTooLarge, "too_many_header_fields", "Send fewer header fields.")
    case .foldedField:
      (.badRequest, "folded_header_field", "Put every header field on one line.")
    case .malformedField:
      (.badRequest, "malformed_header_field", "Send 'Name: value' without space in the name.")
    case .fieldNotASCII:
      (
        .requestHeaderFieldsTooLarge, "field_not_ascii",
        "Send at most 1,024 bytes in a field that is not ASCII."
      )
    case .missingHost:
      (.badRequest, "missing_host", "Send a Host field.")
    case .repeatedHost:
      (.badRequest, "repeated_host", "Send one Host field.")
    case .malformedHost:
      (.badRequest, "malformed_host", "Send a host name or address, and a port, in Host.")
    case .malformedContentLength:
      (.badRequest, "malformed_content_length", "Send Content-Length as decimal digits.")
    case .repeatedContentLength:
      (.badRequest, "repeated_content_length", "Send one Content-Length field.")
    case .conflictingLength:
      (
        .badRequest, "conflicting_body_length",
        "Send either Content-Length or Transfer-Encoding, not both."
      )
    case .malformedTransferEncoding:
      (
        .badRequest, "malformed_transfer_encoding",
        "End Transfer-Encoding with chunked, and name it once."
      )
    case .unsupportedTransferEncoding:
      (.notImplemented, "unsupported_transfer_encoding", "Use Transfer-Encoding: chunked only.")
    case .transferEncodingInOldVersion:
      (.badRequest, "transfer_encoding_in_http_1_0", "Use HTTP/1.1 to send a chunked body.")
    case .malformedChunk:
      (.badRequest, "malformed_chunk", "Send chunks as a hexadecimal size, CR LF, data, CR LF.")
    case .chunkExtensionsTooLarge:
      (.badRequest, "chunk_extensions_too_large", "Send chunks without extensions.")
    case .trailersTooLarge:
      (.requestHeaderFieldsTooLarge, "trailers_too_large", "Send fewer or shorter trailers.")
    case .bodyTooLarge:
      (.contentTooLarge, "body_too_large", "Send a smaller body.")
    case .unknownExpectation:
      (.expectationFailed, "unknown_expectation", "Expect nothing but 100-continue.")
    case .headerTimeout:
      (.requestTimeout, "header_timeout", "Send the whole header block sooner.")
    case .bodyTimeout:
      (.requestTimeout, "body_timeout", "Send the body faster.")
    case .plainHTTP:
      (.badRequest, "plain_http", "This port speaks TLS: use an address with https.")
    }
  }
}
