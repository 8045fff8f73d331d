import APIDescription
import Foundation
import HTTPServer
import HTTPTypes
import ServiceAPI

/// The API's document, held against what the server says.
struct APIContract {
  /// One method of one path.
  struct Operation: Hashable {
    let method: String
    let path: String
  }

  static let shared = APIContract()

  private static let methods = ["get", "post", "put", "patch", "delete", "head", "options"]
  private static let problem: JSONValue = .object(["$ref": .string("#/components/schemas/Problem")])

  let document: JSONValue
  let checker: SchemaChecker
  let operations: Set<Operation>

  private init() {
    document =
      (try? JSONDecoder().decode(JSONValue.self, from: Data(APIDescription.json))) ?? .null
    checker = SchemaChecker(document: document)
    var operations: Set<Operation> = []
    if case .object(let paths) = document["paths"] {
      for (path, item) in paths {
        for method in Self.methods where item[method] != nil {
          operations.insert(Operation(method: method.uppercased(), path: path))
        }
      }
    }
    self.operations = operations
  }

  /// How an answer differs from what the document says of it; empty when it does not.
  func violations(method: String, target: String, reply: HTTPClient.Reply) -> [String] {
    var violations: [String] = []
    let type = reply["Content-Type"]?.prefix { $0 != ";" }.lowercased()
    if reply.status >= 400, method != "HEAD" {
      if type == "application/problem+json" {
        violations += checker.errors(reply.json, Self.problem, at: "problem")
        if reply.json["status"]?.double != Double(reply.status) {
          violations.append("the problem's status is not \(reply.status)")
        }
      } else if type != "text/html" {
        // The page shows its errors in itself, where the document says so.
        violations.append("the error is of type \(type ?? "none")")
      }
    }
    guard let operation = operation(method, target) else {
      if method == "OPTIONS", reply.status == 204 { return violations }
      if ![400, 404, 405, 413, 414, 431, 501, 505].contains(reply.status) {
        violations.append("openapi.json has no \(method) \(target)")
      }
      return violations
    }
    guard let listed = operation["responses"]?["\(reply.status)"] ?? protocolResponse(reply.status),
      let response = checker.resolve(listed)
    else { return violations + ["openapi.json lists no \(reply.status) for \(method) \(target)"] }
    if case .object(let headers) = response["headers"] {
      for (name, header) in headers {
        guard let value = reply[name], let schema = checker.resolve(header)?["schema"] else {
          continue
        }
        let typed = schema["type"]?.text == "integer" ? Int64(value).map(JSONValue.integer) : nil
        violations += checker.errors(typed ?? .string(value), schema, at: name)
      }
    }
    guard case .object(let content) = response["content"] else {
      if !reply.body.isEmpty { violations.append("the body is not described") }
      return violations
    }
    // This client does not decompress.
    if let coding = reply["Content-Encoding"] {
      return coding == "gzip" ? violations : violations + ["the coding is \(coding)"]
    }
    guard let type, let media = content[type] else {
      return violations + ["openapi.json has no type \(type ?? "none") for this answer"]
    }
    if method != "HEAD", type == "application/json", let schema = media["schema"] {
      violations += checker.errors(reply.json, schema, at: "body")
    }
    return violations
  }

  /// Statuses that any request may meet stand in one place.
  private func protocolResponse(_ status: Int) -> JSONValue? {
    [400, 408, 413, 414, 417, 429, 431, 500, 501, 503, 505].contains(status)
      ? .object(["$ref": .string("#/components/responses/Protocol")]) : nil
  }

  /// What the document says of a method and target; nil when that is nothing.
  private func operation(_ method: String, _ target: String) -> JSONValue? {
    guard let request = try? Request(method: .get, target: target) else { return nil }
    let fitting = operations.map(\.path).filter { path in
      let parts = path.split(separator: "/")
      return parts.count == request.path.count
        && zip(parts, request.path).allSatisfy { $0.hasPrefix("{") ? !$1.isEmpty : $0 == $1 }
    }
    // The one with the fewest parameters: literals win.
    guard
      let path = fitting.min(by: { $0.split(separator: "{").count < $1.split(separator: "{").count }
      )
    else { return nil }
    let item = document["paths"]?[path]
    return item?[method.lowercased()] ?? (method == "HEAD" ? item?["get"] : nil)
  }
}
