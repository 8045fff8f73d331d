import Foundation
import ModelFormats
import Testing

/// The rules for versions in Documentation/formats/packed-format.md: what a reader ignores and what
/// it refuses.
@Suite struct FormatVersionTests {
  /// Reads the test model with other metadata.
  private func read(_ change: (inout [String: String]) -> Void) throws -> PackedModel {
    let file = try SafetensorsFile(data: TestModels.packed().serialized())
    var texts = file.metadata
    change(&texts)
    var writer = SafetensorsWriter(metadata: texts)
    for (name, entry) in file.entries {
      switch entry.type {
      case .uint8: try writer.add(name, shape: entry.shape, file.unsigned8(name))
      case .uint16: try writer.add(name, shape: entry.shape, file.unsigned16(name))
      default: try writer.add(name, file.tensor(name))
      }
    }
    return try PackedModel(data: writer.serialized())
  }

  @Test(arguments: ["graph", "pattern", "packed_layers", "preprocessing"])
  func ignoresFieldsThatItDoesNotKnow(key: String) throws {
    let model = try read { texts in
      // A field more in every object of the text.
      texts[key] = texts[key]?.replacingOccurrences(of: "{\"", with: "{\"future\":[1,{}],\"")
    }
    #expect(try model == TestModels.packed())
  }

  @Test func ignoresMetadataThatItDoesNotKnow() throws {
    #expect(try read { $0["future"] = "anything" } == TestModels.packed())
  }

  @Test func refusesALaterVersionWhateverElseIsWrong() throws {
    let error = #expect(throws: FormatError.self) {
      try read {
        $0 = ["format": "crisp-packed", "format_version": "3"]
      }
    }
    #expect(error?.code == "unknown_version")
  }

  @Test func refusesAnOperationThatItDoesNotKnow() throws {
    let error = #expect(throws: FormatError.self) {
      try read { $0["graph"] = $0["graph"]?.replacingOccurrences(of: "\"relu\"", with: "\"gelu\"") }
    }
    #expect(error?.code == "invalid_metadata")
  }
}
