import HTTPServer
import HTTPTypes
import Inputs
import ServiceAPI

extension DownloadFormat {
  /// The end of a file's name.
  var ending: String {
    switch self {
    case .crisp: ".crisp.safetensors"
    case .safetensors: ".safetensors"
    case .onnx: ".onnx"
    }
  }

  /// The `Content-Type` unless the request asks for another one.
  var mediaType: String {
    switch self {
    case .crisp: "application/vnd.crisp.safetensors"
    case .safetensors: "application/vnd.safetensors"
    case .onnx: "application/vnd.onnx"
    }
  }

  /// What an Accept field can name, the most usual first.
  private static let offers: [(mediaType: String, format: DownloadFormat)] = [
    (DownloadFormat.crisp.mediaType, .crisp), ("application/octet-stream", .crisp),
    (DownloadFormat.safetensors.mediaType, .safetensors), (DownloadFormat.onnx.mediaType, .onnx),
  ]

  /// What the request asks for: by `format`, or else by `Accept`. Throws 406.
  static func choice(for request: Request) throws -> (format: DownloadFormat, mediaType: String) {
    if let name = request.queryValue("format") {
      guard let format = DownloadFormat(rawValue: name) else {
        throw problem(
          "unknown_format", "'\(name.echoed())' is not a format of models", param: "format")
      }
      return (format, format.mediaType)
    }
    guard
      let type = AcceptField(request.headers[.accept]).preferred(among: offers.map(\.mediaType)),
      let offer = offers.first(where: { $0.mediaType == type })
    else { throw problem("not_acceptable", "none of the formats is acceptable", param: "Accept") }
    return (offer.format, offer.mediaType)
  }

  private static func problem(_ code: String, _ what: String, param: String) -> ProblemDetails {
    ProblemDetails(
      .notAcceptable, code: code,
      detail: "\(what); 'format' may be \(allCases.map(\.rawValue).joined(separator: ", "))",
      param: param,
      extensions: [
        "known": .strings(allCases.map(\.rawValue)),
        "media_types": .strings(offers.map(\.mediaType)),
      ])
  }
}
