import ModelFormats
import Testing

/// `recipe` and `accuracy` are JSON of any shape, which is all that is asked of them.
@Suite struct OpaqueJSONTests {
  private func accepts(_ text: String) throws -> Bool {
    let model = try TestModels.packed()
    do {
      _ = try PackedModel(
        description: model.description, pattern: model.pattern,
        layers: Array(model.layers.values), dense: model.dense,
        provenance: Provenance(recipe: text)
      ).serialized()
      return true
    } catch {
      #expect(error.code == "invalid_metadata")
      return false
    }
  }

  @Test(arguments: [
    "{}", "[]", " [ ] ", "0", "-0.5e+3", "1E5", "12", "true", "false", "null", "\"é\\n\\u00e9\"",
    #"{"a":[1,{"b":[]}],"c":"\"\\\/"}"#, "\t{\n\"a\" : 1 ,\r\"b\" : 2 } ",
    String(repeating: "[", count: 64) + String(repeating: "]", count: 64),
  ])
  func acceptsJSON(text: String) throws {
    #expect(try accepts(text))
  }

  @Test(arguments: [
    "", " ", "{", "}", "[", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
    "{a:1}", "01", "-", "1.", ".5", "1e", "+1", "tru", "truer", "nul", "\"", "\"\\x\"",
    "\"\\u12g4\"", "\"\\", "\"\n\"", "[] []", "1 2", "NaN", "[1}", "{\"a\" 1}",
    String(repeating: "[", count: 65) + String(repeating: "]", count: 65),
    String(repeating: "[", count: 100_000), "\"\\ud800\"", "1e400",
  ])
  func refusesAllElse(text: String) throws {
    #expect(try !accepts(text))
  }
}
