import APIDescription
import Foundation
import HTTPServer
import ServiceAPI
import Testing

/// The OpenAPI document says what there is, all of it and nothing else.
@Suite struct APIDescriptionTests {
  private let contract = APIContract.shared

  @Test func itIsServedAsItStands() throws {
    let server = try TestService()
    let reply = try server.client.get("/openapi.json")
    #expect(reply.status == 200)
    #expect(reply["Content-Type"] == "application/json")
    #expect(Array(reply.body) == APIDescription.json)
    #expect(reply.json["openapi"]?.text?.hasPrefix("3.1.") == true)
  }

  @Test func everyRouteIsDescribedAndTheReverse() throws {
    let server = try TestService()
    let routes = Set(
      server.service.rules.map {
        APIContract.Operation(method: $0.method.rawValue, path: $0.pattern)
      })
    #expect(routes.subtracting(contract.operations) == [])
    #expect(contract.operations.subtracting(routes) == [])
  }

  @Test func everyReferenceLeadsSomewhere() {
    func references(_ value: JSONValue) -> [JSONValue] {
      switch value {
      case .array(let elements): elements.flatMap(references)
      case .object(let members):
        (members["$ref"] == nil ? [] : [value]) + members.values.flatMap(references)
      default: []
      }
    }
    let all = references(contract.document)
    #expect(all.count > 50)
    for reference in all where contract.checker.resolve(reference) == nil {
      Issue.record("\(reference) leads nowhere")
    }
  }

  @Test func everyPathParameterIsDescribed() throws {
    for operation in contract.operations {
      let item = try #require(contract.document["paths"]?[operation.path])
      let named = operation.path.split(separator: "/").filter { $0.hasPrefix("{") }
        .map { String($0.dropFirst().dropLast()) }
      let described = [item, item[operation.method.lowercased()]].flatMap { holder -> [String] in
        guard case .array(let list) = holder?["parameters"] else { return [] }
        return list.compactMap(contract.checker.resolve).filter { $0["in"] == "path" }
          .compactMap { $0["name"]?.text }
      }
      #expect(named.sorted() == described.sorted(), "\(operation)")
    }
  }
}
