import HTTPServer
import Inputs
import ServiceAPI

/// What a person filled in, as the body of `POST /users/{user}/classes`.
struct PageForm {
  let user: String
  let baseModel: String
  private let fields: [(name: String, value: String)]
  private let weights: [String: String]

  /// Throws `ProblemDetails` for texts that would be costly to compare.
  init(_ fields: [(name: String, value: String)]) throws {
    let most = String.mostCombiningMarks
    guard
      fields.allSatisfy({
        $0.name.combiningMarksInARow <= most && $0.value.combiningMarksInARow <= most
      })
    else {
      throw ProblemDetails(
        .badRequest, code: "malformed_form",
        detail: "a text in the form may have at most \(most) combining marks in a row")
    }
    weights = Dictionary(
      fields.filter { $0.name.hasPrefix("weight-") && !$0.value.isEmpty }.map {
        ($0.name, $0.value)
      },
      uniquingKeysWith: { first, _ in first })
    self.fields = fields
    func first(_ name: String) -> String { fields.first { $0.name == name }?.value ?? "" }
    user = first("user")
    baseModel = first("base_model")
  }

  /// The request in JSON. Numbers that are none go through as texts, so that the one check of
  /// requests refuses them and names the field.
  func body(labels: [String]) -> [UInt8] {
    let positions = Dictionary(
      labels.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
    let classes = fields.filter { $0.name == "class" }.map { field -> JSONValue in
      var members: [String: JSONValue] = ["name": .string(field.value)]
      if let index = positions[field.value], let weight = weights["weight-\(index)"] {
        members["weight"] = number(weight) ?? .string(weight)
      }
      return .object(members)
    }
    var members: [String: JSONValue] = [
      "classes": .array(classes), "base_model": .string(baseModel),
    ]
    if let sparsity = value("sparsity") {
      members["target"] = .object([
        "sparsity": number(sparsity, dividedBy: 100) ?? .string(sparsity)
      ])
    }
    return JSONWriting.bytes(JSONValue.object(members))
  }

  private func value(_ name: String) -> String? {
    fields.first { $0.name == name && !$0.value.isEmpty }?.value
  }

  private func number(_ text: String, dividedBy divisor: Double = 1) -> JSONValue? {
    Double(text).flatMap { $0.isFinite ? .number($0 / divisor) : nil }
  }
}
