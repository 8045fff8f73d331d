import Foundation
import ServiceAPI

/// Checks values against JSON Schema (draft 2020-12), as far as the API's document uses it. A keyword
/// that it does not know is an error: nothing is passed over in silence.
struct SchemaChecker {
  /// Says nothing about which values are valid.
  private static let annotations: Set = ["description", "default", "example", "title"]

  let document: JSONValue

  /// What is wrong with a value; empty when it fits.
  func errors(_ value: JSONValue, _ schema: JSONValue, at place: String = "") -> [String] {
    guard case .object(let keywords) = schema else { return ["\(place): the schema is no object"] }
    return keywords.sorted { $0.key < $1.key }.flatMap { keyword, argument in
      check(value, keyword, argument, keywords, place)
    }
  }

  /// What a reference names.
  func resolve(_ schema: JSONValue) -> JSONValue? {
    guard let reference = schema["$ref"]?.text else { return schema }
    guard reference.hasPrefix("#/") else { return nil }
    return reference.dropFirst(2).split(separator: "/").reduce(document) { $0?[String($1)] }
  }

  private func check(
    _ value: JSONValue, _ keyword: String, _ argument: JSONValue, _ all: [String: JSONValue],
    _ place: String
  ) -> [String] {
    func expect(_ holds: Bool) -> [String] {
      holds ? [] : ["\(place): \(Self.text(value)) against \(keyword) \(Self.text(argument))"]
    }
    switch (keyword, value) {
    case ("$ref", _):
      guard let target = resolve(.object(all)) else { return ["\(place): \(argument) is nowhere"] }
      return errors(value, target, at: place)
    case ("type", _):
      let types: [String]
      if case .array(let list) = argument {
        types = list.compactMap(\.text)
      } else {
        types = [argument.text ?? ""]
      }
      return expect(types.contains { Self.isOf($0, value) })
    case ("const", _): return expect(value == argument)
    case ("enum", _):
      guard case .array(let list) = argument else { return expect(false) }
      return expect(list.contains(value))
    case ("oneOf", _):
      guard case .array(let list) = argument else { return expect(false) }
      let fitting = list.filter { errors(value, $0, at: place).isEmpty }.count
      return fitting == 1 ? [] : ["\(place): \(Self.text(value)) fits \(fitting) of oneOf"]
    case ("minimum", _): return expect(bound(value, argument) { $0 >= $1 })
    case ("maximum", _): return expect(bound(value, argument) { $0 <= $1 })
    case ("exclusiveMinimum", _): return expect(bound(value, argument) { $0 > $1 })
    case ("exclusiveMaximum", _): return expect(bound(value, argument) { $0 < $1 })
    case ("minLength", .string(let text)):
      return expect(bound(.integer(Int64(text.unicodeScalars.count)), argument) { $0 >= $1 })
    case ("maxLength", .string(let text)):
      return expect(bound(.integer(Int64(text.unicodeScalars.count)), argument) { $0 <= $1 })
    case ("pattern", .string(let text)):
      return expect(text.range(of: argument.text ?? "", options: .regularExpression) != nil)
    case ("minItems", .array(let items)):
      return expect(bound(.integer(Int64(items.count)), argument) { $0 >= $1 })
    case ("maxItems", .array(let items)):
      return expect(bound(.integer(Int64(items.count)), argument) { $0 <= $1 })
    case ("items", .array(let items)):
      return items.enumerated().flatMap { errors($1, argument, at: "\(place)[\($0)]") }
    case ("minProperties", .object(let members)):
      return expect(bound(.integer(Int64(members.count)), argument) { $0 >= $1 })
    case ("maxProperties", .object(let members)):
      return expect(bound(.integer(Int64(members.count)), argument) { $0 <= $1 })
    case ("required", .object(let members)):
      guard case .array(let names) = argument else { return expect(false) }
      return names.compactMap(\.text).filter { members[$0] == nil }
        .map { "\(place): '\($0)' is missing" }
    case ("properties", .object(let members)):
      guard case .object(let properties) = argument else { return expect(false) }
      return members.sorted { $0.key < $1.key }.flatMap { name, member in
        properties[name].map { errors(member, $0, at: "\(place).\(name)") } ?? []
      }
    case ("additionalProperties", .object(let members)):
      var known: Set<String> = []
      if case .object(let properties) = all["properties"] { known = Set(properties.keys) }
      return members.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }.flatMap {
        if argument == .bool(false) { return ["\(place): '\($0.key)' is not described"] }
        return errors($0.value, argument, at: "\(place).\($0.key)")
      }
    case ("minLength", _), ("maxLength", _), ("pattern", _), ("minItems", _), ("maxItems", _),
      ("items", _), ("minProperties", _), ("maxProperties", _), ("required", _),
      ("properties", _), ("additionalProperties", _):
      return []  // about values of another type
    default:
      return Self.annotations.contains(keyword) ? [] : ["\(place): unknown keyword \(keyword)"]
    }
  }

  /// What is no number has no bounds.
  private func bound(
    _ value: JSONValue, _ limit: JSONValue, _ holds: (Double, Double) -> Bool
  ) -> Bool {
    guard let number = value.double else { return true }
    return limit.double.map { holds(number, $0) } ?? false
  }

  private static func isOf(_ type: String, _ value: JSONValue) -> Bool {
    switch value {
    case .null: type == "null"
    case .bool: type == "boolean"
    case .integer: type == "integer" || type == "number"
    // 1.0 is an integer (JSON Schema, 4.2.3).
    case .number(let number): type == "number" || type == "integer" && number.rounded() == number
    case .string: type == "string"
    case .array: type == "array"
    case .object: type == "object"
    }
  }

  private static func text(_ value: JSONValue) -> String {
    let data = (try? JSONEncoder().encode(value)) ?? Data()
    return String(String(decoding: data, as: UTF8.self).prefix(200))
  }
}
