import HTTPServer
import HTTPTypes
import Inputs

/// What a request says its body is.
struct BodyType {
  private static let json = "application/json"

  /// In lower case, without parameters: a character set changes nothing (RFC 9110, 8.3.1; RFC 8259,
  /// 11). Empty when the request does not say.
  let name: String
  /// As the request has it.
  private let text: String

  init(_ request: Request) {
    text = request.headers[.contentType] ?? ""
    let type = text.utf8.prefix { $0 != UInt8(ascii: ";") }
      .filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
    name = String(decoding: type, as: UTF8.self).lowercased()
  }

  /// 415 with the types that can be read.
  func unsupported(_ known: [String]) -> ProblemDetails {
    ProblemDetails(
      .unsupportedMediaType, code: "unsupported_media_type",
      detail: text.isEmpty
        ? "send a Content-Type: \(known.joined(separator: ", "))"
        : "the Content-Type must be one of \(known.joined(separator: ", ")), not '\(text.echoed())'",
      extensions: ["known": .strings(known)])
  }

  /// Throws 415 for a body that is said to be something other than JSON. Types that a page of another
  /// origin can send without asking first, such as a form's, are among those
  /// (<https://fetch.spec.whatwg.org/#cors-safelisted-request-header>).
  static func requireJSON(_ request: Request) throws {
    let type = BodyType(request)
    guard type.name.isEmpty || type.name == json else { throw type.unsupported([json]) }
    try requireNoEncoding(request)
  }

  /// Throws 415 for a compressed body.
  static func requireNoEncoding(_ request: Request) throws {
    guard let coding = request.headers[.contentEncoding], coding.lowercased() != "identity" else {
      return
    }
    throw ProblemDetails(
      .unsupportedMediaType, code: "unsupported_content_encoding",
      detail: "send the body as it is, without the Content-Encoding '\(coding.echoed())'",
      // RFC 9110, 15.5.16.
      headers: [.acceptEncoding: "identity"])
  }
}
