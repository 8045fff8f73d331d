import Foundation
import HTTPServer
import HTTPTypes
import ServiceAPI

/// Reads JSON request bodies, and makes the problems that refuse them.
enum JSONBody {
  /// The value in a body: 400 with the position where it stops being JSON.
  static func parse(_ body: [UInt8]) throws -> JSONValue {
    guard !body.isEmpty else {
      throw ProblemDetails(
        .badRequest, code: "malformed_json", detail: "the body is empty; send a JSON object")
    }
    do {
      return try JSONDecoder().decode(JSONValue.self, from: Data(body))
    } catch DecodingError.dataCorrupted(let context) {
      throw ProblemDetails(
        .badRequest, code: "malformed_json", detail: "the body is not JSON: \(position(context))")
    }
  }

  /// Foundation's parser says where it stopped only in the text of the underlying error.
  private static func position(_ context: DecodingError.Context) -> String {
    let underlying = (context.underlyingError as NSError?)?.userInfo[NSDebugDescriptionErrorKey]
    return underlying as? String ?? context.debugDescription
  }

  /// A field whose value cannot be used: 422.
  static func invalid(_ reason: String, param: String?, code: String = "invalid_field")
    -> ProblemDetails
  {
    ProblemDetails(
      .unprocessableContent, code: code, detail: param.map { "'\($0)' \(reason)" } ?? reason,
      param: param)
  }
}
