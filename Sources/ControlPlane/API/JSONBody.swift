import HTTPServer
import HTTPTypes
import Inputs
import ServiceAPI

/// Reads JSON request bodies, and makes the problems that refuse them.
enum JSONBody {
  /// The value in a body: 400 with the position where it stops being JSON. Arrays and objects may be
  /// 16 deep.
  static func parse(_ body: [UInt8]) throws(ProblemDetails) -> JSONValue {
    guard !body.isEmpty else { throw empty }
    do throws(JSONFault) {
      return try JSONValue(json: body)
    } catch {
      throw malformed(error, in: body)
    }
  }

  /// 400 for a body without a byte.
  static var empty: ProblemDetails {
    ProblemDetails(
      .badRequest, code: "malformed_json", detail: "the body is empty; send a JSON object")
  }

  /// 400 with the place of a fault.
  static func malformed(_ fault: JSONFault, in body: [UInt8]) -> ProblemDetails {
    ProblemDetails(
      .badRequest, code: "malformed_json",
      detail: "the body cannot be read as JSON: \(fault.text(in: body))")
  }

  /// A field's number: 422 with the range unless it lies in it.
  static func number(_ value: JSONValue, in range: InputRange<Double>, param: String)
    throws(ProblemDetails) -> Double
  {
    guard let number = value.double, range.contains(number) else {
      throw invalid("\(range.requirement())", param: param)
    }
    return number
  }

  /// A field's whole number: 422 with the range unless it lies in it.
  static func integer<Number: FixedWidthInteger & Sendable>(
    _ value: JSONValue, in range: InputRange<Number>, param: String
  ) throws(ProblemDetails) -> Number {
    guard case .integer(let number) = value, let number = Number(exactly: number),
      range.contains(number)
    else {
      throw invalid("\(range.requirement()), a whole number", param: param)
    }
    return number
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
    let param = param?.echoed()
    return ProblemDetails(
      .unprocessableContent, code: code, detail: param.map { "'\($0)' \(reason)" } ?? reason,
      param: param)
  }
}
