import Foundation
import ServiceAPI

/// A scenario in steps, each of which can be repeated until it is acknowledged: several users, two
/// who ask the same, publications, a cancellation, deletions with and without a shared model.
struct CrashScript {
  private let client: CrashClient
  private let name: String
  private var position = 0

  init(_ client: CrashClient, name: String) {
    self.client = client
    self.name = name
  }

  private var steps: [(HTTPClient) throws -> Void] {
    let (client, name) = (client, name)
    func user(_ first: String) -> String { "\(first) \(name) é" }
    func submit(_ first: String, _ body: JSONValue) -> (HTTPClient) throws -> Void {
      { try client.submit("\(first) \(name)", user: user(first), body: body, $0) }
    }
    func finish(_ first: String) -> (HTTPClient) throws -> Void {
      { try client.finish("\(first) \(name)", $0) }
    }
    return [
      submit("ada", JobBody.body(seed: 1)), submit("bea", JobBody.body(seed: 1)),
      submit("cyd", JobBody.body(seed: 2)), finish("ada"), submit("dan", JobBody.endless),
      { try client.cancel("dan \(name)", $0) }, finish("bea"),
      { try client.delete(user("ada"), $0) }, finish("cyd"),
      { try client.delete(user("cyd"), $0) }, submit("eve", JobBody.body(seed: 1)), finish("eve"),
      finish("dan"),
    ]
  }

  /// Goes on where it stopped; throws when the server dies.
  mutating func run(_ http: HTTPClient) throws {
    let steps = steps
    while position < steps.count {
      try steps[position](http)
      position += 1
    }
  }
}
