import HTTPServer
import HTTPTypes
import ServiceAPI

extension Response {
  /// A response with a JSON body, keys sorted, so that equal values are equal bytes.
  /// - Throws: `EncodingError`.
  package static func json(
    _ status: HTTPResponse.Status, _ value: some Encodable, headers: HTTPFields = [:]
  ) throws -> Response {
    .json(status, text: try JSONWriting.bytes(value), headers: headers)
  }
}
