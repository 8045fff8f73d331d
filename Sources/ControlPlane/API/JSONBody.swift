import Foundation
import HTTPServer
import HTTPTypes
import ServiceAPI

/// Reads JSON request bodies, and makes the problems that refuse them.
enum JSONBody {
  /// The value in a body: 400 with the position where it stops being JSON.
  static func parse(_ body: [UInt8]) throws -> JSONValue { try decode(JSONValue.self, from: body) }

  /// What a body holds: the same for what is no JSON, 422 with the field for what is of another
  /// type.
  static func decode<Value: Decodable>(_: Value.Type, from body: [UInt8]) throws -> Value {
    guard !body.isEmpty else {
      throw ProblemDetails(
        .badRequest, code: "malformed_json", detail: "the body is empty; send a JSON object")
    }
    do throws(JSONSyntax.Fault) {
      try JSONSyntax.check(body)
    } catch {
      throw malformed("\(error.reason) (line \(error.line), byte \(error.column))")
    }
    do {
      return try JSONDecoder().decode(Value.self, from: Data(body))
    } catch DecodingError.dataCorrupted(let context) {
      throw malformed("\(context.debugDescription) at \(path(context) ?? "the top")")
    } catch DecodingError.keyNotFound(let key, _) {
      throw invalid("is needed", param: key.stringValue, code: "missing_field")
    } catch DecodingError.typeMismatch(let type, let context),
      DecodingError.valueNotFound(let type, let context)
    {
      guard let path = path(context) else {
        throw invalid("the body must be a JSON object", param: nil)
      }
      throw invalid("must be \(name(of: type))", param: path)
    }
  }

  private static func malformed(_ reason: String) -> ProblemDetails {
    ProblemDetails(
      .badRequest, code: "malformed_json", detail: "the body is not JSON: \(reason)")
  }

  /// What a body should have held, in JSON's words.
  private static func name(of type: Any.Type) -> String {
    switch type {
    case is any BinaryFloatingPoint.Type: "a number"
    case is [String: Any].Type: "an object"
    default: "an array"
    }
  }

  /// Where in a body something is; nil for the whole of it.
  private static func path(_ context: DecodingError.Context) -> String? {
    guard !context.codingPath.isEmpty else { return nil }
    return context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
      .joined(separator: ".")
  }

  /// A field that means nothing here: 422.
  static func unknownField(_ param: String, known: [String]) -> ProblemDetails {
    invalid(
      "is an unknown field; known \(known.count == 1 ? "is" : "are") "
        + known.joined(separator: ", "), param: param, code: "unknown_field")
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
