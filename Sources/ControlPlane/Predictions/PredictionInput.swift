import HTTPServer
import HTTPTypes
import ModelFormats
import ModelInputs

/// The body of `POST /models/{model}/predictions`: a picture, or the tensor that the network reads, by
/// itself, in JSON or in a form.
///
/// What a client says of its body counts where it says something: many say `application/octet-stream`,
/// what their library puts there, or nothing. Then the bytes tell.
struct PredictionInput {
  private enum Form {
    case picture([UInt8])
    case json([UInt8])
  }

  /// Pixels of the largest picture: a body of a few kilobytes may decode to gigabytes.
  static let mostPixels = 25_000_000

  /// Types of bodies, the most usual first. Which kind a picture is of is told by its content.
  private static let known = [
    "image/png", "image/jpeg", "image/webp", "image/bmp", "image/gif", "application/json",
    "multipart/form-data", "application/octet-stream",
  ]
  /// What libraries say of any bytes. `curl --data-binary` says that they are a form's.
  private static let unsaid: Set = [
    "", "application/octet-stream", "binary/octet-stream", "application/x-www-form-urlencoded",
  ]

  private let form: Form

  /// Throws a problem, 415, where the request says that its body is of a kind that cannot be read; 400 and
  /// 422 for a form that cannot be read or has not one file.
  init(_ request: Request) throws {
    let type = BodyType(request)
    try BodyType.requireNoEncoding(request)
    if type.name == "multipart/form-data" {
      let file = try Self.file(in: MultipartForm(request))
      let bytes = Array(file.content)
      form = Self.form(file.mediaType ?? "", bytes) ?? Self.told(by: bytes)
    } else {
      guard !request.body.isEmpty || !Self.unsaid.contains(type.name),
        let form = Self.form(type.name, request.body)
      else {
        throw type.unsupported(Self.known)
      }
      self.form = form
    }
  }

  private static func form(_ type: String, _ bytes: [UInt8]) -> Form? {
    if type == "application/json" { return .json(bytes) }
    if type.hasPrefix("image/") { return .picture(bytes) }
    return unsaid.contains(type) ? told(by: bytes) : nil
  }

  /// No picture begins with a brace.
  private static func told(by bytes: [UInt8]) -> Form {
    let spaces = Set(" \t\r\n".utf8)
    let first = bytes.first { !spaces.contains($0) }
    return first == UInt8(ascii: "{") ? .json(bytes) : .picture(bytes)
  }

  /// The one file of a form, whatever its field is called, or the only field.
  private static func file(in form: MultipartForm) throws -> MultipartForm.Part {
    let files = form.parts.filter { $0.filename != nil }
    let fields = files.isEmpty ? form.parts : files
    guard let file = fields.first, fields.count == 1 else {
      throw JSONBody.invalid(
        "the form must have one file, as curl -F image=@photo.png sends it; it has \(files.count)",
        param: nil)
    }
    return file
  }

  /// The normalised image in NCHW order. Throws `DatasetError` for a picture that cannot be
  /// decoded, a problem, 400 or 422, for JSON.
  func values(for preprocessing: Preprocessing) throws -> [Float] {
    switch form {
    case .picture(let bytes): return try Self.values(of: bytes, for: preprocessing)
    case .json(let text):
      switch try PredictionJSON.content(of: text, shape: preprocessing.shape) {
      case .tensor(let values): return values
      case .picture(let bytes): return try Self.values(of: bytes, for: preprocessing)
      }
    }
  }

  private static func values(of picture: [UInt8], for preprocessing: Preprocessing) throws
    -> [Float]
  {
    try preprocessing.input(picture: picture, name: "body", mostPixels: mostPixels)
  }
}
