import HTTPServer
import HTTPTypes
import ModelFormats
import ModelInputs

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
    let type = BodyType(request)
    guard let form = Self.forms[type.name] else { throw type.unsupported(Self.forms.keys.sorted()) }
    try BodyType.requireNoEncoding(request)
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
      try TensorBody.values(in: body, shape: preprocessing.shape)
    }
  }
}
