import Foundation
import Testing

/// The rules, dashboards and scaling under `deploy` ask for metrics that the server has.
@Suite struct MonitoringFilesTests {
  private static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("deploy")

  private static func files() throws -> [URL] {
    try ["prometheus", "grafana", "kubernetes"].flatMap { name in
      try FileManager.default.subpathsOfDirectory(atPath: folder.appendingPathComponent(name).path)
        .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".json") }
        .map { folder.appendingPathComponent("\(name)/\($0)") }
    }
  }

  @Test func everyMetricExists() throws {
    let server = try TestService()
    var names: Set<String> = []
    for line in try server.client.get("/metrics").text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 4, words[1] == "TYPE" else { continue }
      let name = String(words[2])
      names.insert(name)
      if words[3] == "histogram" {
        names.formUnion(["_bucket", "_count", "_sum"].map { name + $0 })
      }
    }
    var asked: Set<String> = []
    for file in try Self.files() {
      let text = try String(contentsOf: file, encoding: .utf8)
      for match in text.matches(of: /\b(?:crisp|process)_[a-z_]+/) {
        let name = String(match.output)
        #expect(names.contains(name), "\(file.path) asks for \(name)")
        asked.insert(name)
      }
    }
    #expect(asked.count > 20)
  }

  /// A panel that asks for nothing would stay empty.
  @Test func dashboardsAreJSON() throws {
    struct Dashboard: Decodable {
      struct Panel: Decodable {
        struct Target: Decodable { let expr: String }
        let title: String
        let targets: [Target]?
      }
      let title: String
      let panels: [Panel]
    }
    let dashboards = try Self.files().filter { $0.pathExtension == "json" }
    #expect(!dashboards.isEmpty)
    for file in dashboards {
      let dashboard = try JSONDecoder().decode(Dashboard.self, from: Data(contentsOf: file))
      for panel in dashboard.panels {
        #expect(panel.targets.map { !$0.isEmpty } ?? true, "\(panel.title) asks for nothing")
      }
      #expect(dashboard.panels.contains { $0.targets != nil })
    }
  }
}
