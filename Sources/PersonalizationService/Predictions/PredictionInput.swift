import HTTPServer
import HTTPTypes
import ModelFormats
import Pruning

/// The body of `POST /models/{model}/predictions`: a picture, or the tensor that the network reads.
struct PredictionInput {
  private enum Form {
    case picture
    case tensor
  }

  /// Pixels of the largest picture: a body of a few kilobytes may decode to gigabytes.
  static let mostPixels = 25_000_000

  /// Whether a picture is PNG or JPEG is told by its content.
  private static let forms: [String: Form] = [
    "image/png": .picture, "image/jpeg": .picture, "application/json": .tensor,
  ]

  private let form: Form
  private let body: [UInt8]

  /// Throws a problem, 415, unless the request says that its body is of a kind that can be read.
  init(_ request: Request) throws {
    let type = request.headers[.contentType] ?? ""
    // Parameters, such as a character set, change nothing (RFC 9110, 8.3.1; RFC 8259, 11).
    let name = type.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
    guard let form = Self.forms[name] else {
      let known = Self.forms.keys.sorted()
      throw ProblemDetails(
        .unsupportedMediaType, code: "unsupported_media_type",
        detail: type.isEmpty
          ? "send a Content-Type: \(known.joined(separator: ", "))"
          : "the Content-Type must be one of \(known.joined(separator: ", ")), not '\(type)'",
        extensions: ["known": .strings(known)])
    }
    if let coding = request.headers[.contentEncoding], coding.lowercased() != "identity" {
      throw ProblemDetails(
        .unsupportedMediaType, code: "unsupported_content_encoding",
        detail: "send the body as it is, without the Content-Encoding '\(coding)'",
        // RFC 9110, 15.5.16.
        headers: [.acceptEncoding: "identity"])
    }
    self.form = form
    body = request.body
  }

  /// The normalised image in NCHW order. Throws `DatasetError` for a picture that cannot be
  /// decoded, a problem, 400 or 422, for a tensor.
  func values(for preprocessing: Preprocessing) throws -> [Float] {
    switch form {
    case .picture:
      try preprocessing.input(picture: body, name: "body", mostPixels: Self.mostPixels)
    case .tensor:
      try JSONBody.decode(TensorBody.self, from: body).values(of: preprocessing.shape)
    }
  }
}
