import HTTPTypes

/// The first line of a request.
package struct RequestLine: Sendable {
  /// The versions this server speaks.
  package enum Version: Sendable, Equatable {
    case http10
    case http11
  }

  /// The method; any token, known or not.
  package let method: HTTPRequest.Method
  /// What is asked for.
  package let target: RequestTarget
  /// The client's version.
  package let version: Version

  /// RFC 9112 §3: method SP request-target SP HTTP-version, with single spaces and nothing else.
  init(_ line: ArraySlice<UInt8>) throws(FramingError) {
    let parts = line.split(
      separator: ByteClass.space, maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy(ByteClass.isToken),
      let method = HTTPRequest.Method(rawValue: String(decoding: parts[0], as: UTF8.self))
    else { throw .malformedRequestLine }
    self.method = method
    // The version before the target: "PRI * HTTP/2.0" is a newer protocol, not a bad target.
    version = try Self.version(parts[2])
    target = try RequestTarget(parts[1], method: method)
  }

  /// RFC 9112 §2.3: HTTP-version = "HTTP/" DIGIT "." DIGIT, case-sensitive. Other versions, and
  /// the preface of HTTP/2 (RFC 9113 §3.4), answer 505.
  private static func version(_ bytes: ArraySlice<UInt8>) throws(FramingError) -> Version {
    guard bytes.count == 8, bytes.starts(with: "HTTP/".utf8) else { throw .malformedRequestLine }
    let numbers = Array(bytes.suffix(3))
    guard let major = ByteClass.digit(numbers[0]), numbers[1] == UInt8(ascii: "."),
      let minor = ByteClass.digit(numbers[2])
    else { throw .malformedRequestLine }
    switch (major, minor) {
    case (1, 1): return .http11
    case (1, 0): return .http10
    default: throw .versionNotSupported
    }
  }
}
