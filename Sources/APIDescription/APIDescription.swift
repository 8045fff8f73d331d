/// The API as an OpenAPI 3.1 document (<https://spec.openapis.org/oas/v3.1.1>), embedded at build
/// time. It has a target of its own because the compiler takes its time over so many bytes.
public enum APIDescription {
  /// The document's media type. `application/openapi+json` is not registered yet, and browsers would
  /// save it instead of showing it.
  public static let mediaType = "application/json"

  /// The document as it stands in openapi.json.
  public static let json: [UInt8] = PackageResources.openapi_json
}
