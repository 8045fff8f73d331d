import Foundation
import ServiceAPI

/// What a person filled in, as the body of `POST /users/{user}/classes`.
struct PageForm {
  let user: String
  let baseModel: String
  private let fields: [(name: String, value: String)]

  init(_ fields: [(name: String, value: String)]) {
    self.fields = fields
    func first(_ name: String) -> String { fields.first { $0.name == name }?.value ?? "" }
    user = first("user")
    baseModel = first("base_model")
  }

  /// The request in JSON. Numbers that are none go through as texts, so that the one check of
  /// requests refuses them and names the field.
  func body(labels: [String]) throws -> [UInt8] {
    let classes = fields.filter { $0.name == "class" }.map { field -> JSONValue in
      var members: [String: JSONValue] = ["name": .string(field.value)]
      if let index = labels.firstIndex(of: field.value), let weight = value("weight-\(index)") {
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
    return Array(try JSONEncoder().encode(JSONValue.object(members)))
  }

  private func value(_ name: String) -> String? {
    fields.first { $0.name == name && !$0.value.isEmpty }?.value
  }

  private func number(_ text: String, dividedBy divisor: Double = 1) -> JSONValue? {
    Double(text).flatMap { $0.isFinite ? .number($0 / divisor) : nil }
  }
}
