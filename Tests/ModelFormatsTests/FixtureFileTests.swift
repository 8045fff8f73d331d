import Foundation
import ModelFormats
import NeuralGraph
import Testing

/// Writes the fixtures as files for programs in other languages (Tests/LibCrisp/run.sh).
@Suite struct FixtureFileTests {
  private static let folder = ProcessInfo.processInfo.environment["CRISP_FIXTURES"]

  @Test(.enabled(if: folder != nil, "CRISP_FIXTURES names the folder to write to"))
  func writesEveryFixture() throws {
    let folder = URL(fileURLWithPath: try #require(Self.folder))
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, model) in try FixtureNetworks.all() {
      for (suffix, precision) in [("f32", Precision.float32), ("f16", .float16)] {
        try model.serialized(precision: precision)
          .write(to: folder.appending(path: "\(name)-\(suffix).crisp.safetensors"))
      }
    }
  }

  @Test func everyFixtureIsReadAgain() throws {
    let models = try FixtureNetworks.all()
    for (name, model) in models {
      #expect(try PackedModel(data: model.serialized()) == model, "\(name)")
    }
    let operations = Set(models.flatMap { $0.model.description.graph.nodes.map(\.operation.name) })
    // All but batch norm, which packing folds away.
    #expect(operations.count == 15, "\(operations.sorted())")
  }
}

extension NeuralGraph.Operation {
  /// The case's name, whatever it carries.
  fileprivate var name: String { String("\(self)".prefix { $0 != "(" }) }
}
