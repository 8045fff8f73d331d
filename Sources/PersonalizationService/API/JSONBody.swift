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
        .badRequest, code: "malformed_json",
        detail: "the body is not JSON: \(position(context, in: body))")
    }
  }

  /// Foundation's decoder names the place of a value that it cannot represent, but not of a syntax
  /// error; its older parser does.
  private static func position(_ context: DecodingError.Context, in body: [UInt8]) -> String {
    guard context.codingPath.isEmpty else {
      let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
      return "\(context.debugDescription) at \(path.joined(separator: "."))"
    }
    do {
      _ = try JSONSerialization.jsonObject(with: Data(body), options: .fragmentsAllowed)
    } catch let error as NSError {
      if let text = error.userInfo[NSDebugDescriptionErrorKey] as? String { return text }
    }
    return context.debugDescription
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
