import Foundation

/// What `/metrics` says, by the text before each value.
struct Scrape {
  struct Malformed: Error {
    let line: String
  }

  let type: String?
  private let values: [String: Double]

  init(_ client: HTTPClient) throws {
    let reply = try client.get("/metrics")
    type = reply["Content-Type"]
    var values: [String: Double] = [:]
    for line in reply.text.split(separator: "\n") where !line.hasPrefix("#") {
      guard let space = line.lastIndex(of: " "), let value = Double(line[space...].dropFirst())
      else { throw Malformed(line: String(line)) }
      values[String(line[..<space])] = value
    }
    self.values = values
  }

  subscript(name: String) -> Double? { values[name] }

  /// All series of a metric.
  func series(_ name: String) -> [String: Double] {
    values.filter { $0.key == name || $0.key.hasPrefix("\(name){") }
  }

  var names: [String] { values.keys.sorted() }
}
