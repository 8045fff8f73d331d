import Foundation
import ModelFormats
import Testing

/// Files written by other programs (Goldens/make_goldens.py).
@Suite struct GoldenTests {
  private func url(_ name: String) -> URL {
    Bundle.module.bundleURL.appending(path: "Goldens/\(name)")
  }

  @Test func readsEveryElementTypeFromTheReferenceWriter() throws {
    let file = try SafetensorsFile(contentsOf: url("types.safetensors"))
    #expect(file.metadata == ["made by": "PyPI safetensors", "quoted": "a \"b\" \\ é"])
    #expect(try file.tensor("a.f32").shape == [2, 3])
    #expect(try file.tensor("a.f32").values == [1.5, -2, 3.25, 0, 1e-3, 65504])
    #expect(try file.tensor("b.f16").values == [0.5, -1, 65504])
    #expect(try file.tensor("c.bf16").values == [1, -0.15625])
    #expect(try file.unsigned8("d.u8") == [0, 127, 255])
    #expect(try file.unsigned16("e.u16") == [0, 65535])
    #expect(try file.tensor("empty").shape == [0, 3])
    #expect(file.entries["bn.num_batches_tracked"]?.type == .int64)
  }

  @Test func unpacksAModelThatAnotherProgramPacked() throws {
    let model = try PackedModel(contentsOf: url("packed.safetensors"))
    let dense = try SafetensorsFile(contentsOf: url("dense.safetensors"))
    #expect(try model.denseWeights() == dense.weights())
    #expect(model.pattern == (try HybridPattern(keep: 2, of: 4, block: 8, rows: 2)))
    #expect(model.provenance.seed == 7)
  }
}
