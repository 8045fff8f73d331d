import Foundation
import ModelFormats
import NeuralGraph
import Randomness
import Testing

/// Files that are wrong on purpose: each is refused with its own error, none traps.
@Suite struct HostileFileTests {
  /// Rewrites a valid packed file with other metadata or tensors.
  private func code(
    metadata: (inout [String: String]) -> Void = { _ in },
    tensors: (inout SafetensorsWriter, SafetensorsFile) throws -> Void = { _, _ in },
    dropping dropped: String? = nil
  ) throws -> String? {
    let file = try SafetensorsFile(data: TestModels.packed().serialized())
    var texts = file.metadata
    metadata(&texts)
    var writer = SafetensorsWriter(metadata: texts)
    for (name, entry) in file.entries where name != dropped {
      switch entry.type {
      case .uint8: try writer.add(name, shape: entry.shape, file.unsigned8(name))
      case .uint16: try writer.add(name, shape: entry.shape, file.unsigned16(name))
      default: try writer.add(name, file.tensor(name))
      }
    }
    try tensors(&writer, file)
    do {
      _ = try PackedModel(data: writer.serialized())
      return nil
    } catch {
      return error.code
    }
  }

  @Test func acceptsTheUntouchedFile() throws {
    #expect(try code() == nil)
  }

  @Test(arguments: [
    "format", "format_version", "graph", "axis_order", "pattern", "packed_layers", "labels",
    "preprocessing", "recipe", "seed", "accuracy", "base_model_digest", "data_digest", "generator",
  ])
  func refusesMissingMetadata(key: String) throws {
    #expect(try code(metadata: { $0[key] = nil }) == "missing_metadata")
  }

  @Test(arguments: [
    ("format", "crisp-dense", "wrong_format"),
    ("format_version", "3", "unknown_version"),
    ("format_version", "1.0", "unknown_version"),
    ("axis_order", "rows=out; columns=cin,kh,kw", "invalid_metadata"),
    ("graph", "{", "invalid_metadata"),
    (
      "graph", #"{"input":{"channels":3,"height":6,"width":6},"nodes":[],"output":"x"}"#,
      "unknown_graph_output"
    ),
    ("labels", "[]", "label_count"),
    ("labels", "[1,2,3]", "invalid_metadata"),
    ("labels", #"["a","b","c",]"#, "invalid_metadata"),
    (
      "preprocessing",
      #"{"channels":3,"height":6,"width":6,"mean":[0,0,0],"std":[1,1,1],"std":[2,2,2]}"#,
      "invalid_metadata"
    ),
    (
      "preprocessing", #"{"channels":3,"height":6,"width":6,"mean":[0],"std":[1]}"#,
      "invalid_preprocessing"
    ),
    ("pattern", #"{"block":8,"keep":9,"of":4,"rows":1}"#, "invalid_pattern"),
    ("packed_layers", #"[{"name":"pool","block":8,"keep":2,"of":4,"rows":2}]"#, "not_packable"),
    ("packed_layers", #"[{"name":"none","block":8,"keep":2,"of":4,"rows":2}]"#, "not_packable"),
    ("packed_layers", #"[{"name":"conv","block":16,"keep":2,"of":4,"rows":2}]"#, "tensor_shape"),
    ("packed_layers", "[]", "element_type"),
    (
      "packed_layers",
      #"[{"name":"skip","block":8,"keep":2,"of":4,"rows":2},"#
        + #"{"name":"skip","block":8,"keep":2,"of":4,"rows":2}]"#, "duplicate_key"
    ),
    ("seed", "+5", "invalid_metadata"),
    ("seed", "18446744073709551616", "invalid_metadata"),
    ("recipe", "{", "invalid_metadata"),
  ])
  func refusesWrongMetadata(key: String, text: String, code expected: String) throws {
    #expect(try code(metadata: { $0[key] = text }) == expected)
  }

  /// Decoding takes many times a text's size.
  @Test(arguments: ["graph", "labels", "preprocessing", "packed_layers", "pattern"])
  func refusesLongTexts(key: String) throws {
    let space = String(repeating: " ", count: 1 << 22)
    let text = try #require(
      SafetensorsFile(data: TestModels.packed().serialized()).metadata[key])
    let fits = text + space.dropLast(text.utf8.count)
    #expect(try code(metadata: { $0[key] = fits }) == nil)
    #expect(try code(metadata: { $0[key] = fits + " " }) == "invalid_metadata")
  }

  @Test func refusesAGraphThatContradictsTheShapes() throws {
    let found = try code(metadata: {
      $0["graph"] = $0["graph"]?.replacingOccurrences(of: "\"out\":10", with: "\"out\":20")
        .replacingOccurrences(of: "\"in\":10", with: "\"in\":20")
        .replacingOccurrences(of: "\"groups\":10", with: "\"groups\":20")
    })
    #expect(found == "tensor_shape")
  }

  @Test func refusesMissingAndExtraTensors() throws {
    #expect(try code(dropping: "conv.weight.nm") == "missing_tensor")
    #expect(try code(dropping: "conv.bias") == "missing_tensor")
    #expect(
      try code(tensors: { writer, _ in
        try writer.add("stray", Tensor(shape: [1], filledWith: 0))
      }) == "unexpected_tensor")
  }

  @Test(
    arguments: [
      ([7, 1, 2, 0, 1, 2], "block_column_out_of_range"),
      ([0, 2, 1, 0, 1, 2], "block_columns_not_ascending"),
      ([0, 1, 1, 0, 1, 2], "block_columns_not_ascending"),
    ] as [([UInt16], String)])
  func refusesBlockColumns(columns: [UInt16], code expected: String) throws {
    #expect(
      try code(tensors: { writer, _ in
        try writer.add("conv.weight.block_cols", shape: [2, 3], columns)
      }) == expected)
  }

  @Test func refusesPositionsThatDoNotAscend() throws {
    #expect(
      try code(tensors: { writer, file in
        let shape = try file.entry("conv.weight.nm").shape
        let bytes = try file.unsigned8("conv.weight.nm")
        try writer.add("conv.weight.nm", shape: shape, [UInt8](repeating: 0, count: bytes.count))
      }) == "positions_not_ascending")
  }

  @Test func refusesNumbersInThePadding() throws {
    #expect(
      try code(tensors: { writer, file in
        let shape = try file.entry("conv.weight.values").shape
        try writer.add("conv.weight.values", Tensor(shape: shape, filledWith: 1))
      }) == "padded_nonzero")
  }

  @Test func refusesElementTypesThatDoNotBelong() throws {
    #expect(
      try code(tensors: { writer, file in
        let shape = try file.entry("conv.weight.values").shape
        let count = shape.reduce(1, *)
        try writer.add(
          "conv.weight.values", shape: shape, [UInt16](repeating: 0, count: count))
      }) == "element_type")
  }

  @Test func refusesEveryTruncation() throws {
    let data = try TestModels.packed().serialized()
    for length in stride(from: 0, to: data.count, by: 37) {
      #expect(throws: FormatError.self) { try PackedModel(data: data.prefix(length)) }
    }
  }

  /// Seeded mutation: whatever is read must be usable, everything else a `FormatError`.
  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func survivesMutation(seed: UInt64) throws {
    let original = try TestModels.packed().serialized()
    var generator = SeededGenerator(seed: seed, stream: "mutation")
    var refused = 0
    let rounds = 1500
    for _ in 0..<rounds {
      var data = original
      for _ in 0...generator.nextIndex(below: 3) { mutate(&data, &generator) }
      do {
        let model = try PackedModel(data: data)
        _ = try model.denseWeights()
        _ = try model.serialized()
      } catch {
        refused += 1
      }
    }
    #expect(refused > rounds / 4)
    #expect(refused < rounds)
  }

  private func mutate(_ data: inout Data, _ generator: inout SeededGenerator) {
    let at = generator.nextIndex(below: data.count)
    switch generator.nextIndex(below: 6) {
    case 0: data[at] ^= 1 << UInt8(generator.nextIndex(below: 8))
    case 1: data[at] = UInt8(generator.nextIndex(below: 256))
    case 2: data = Data(data.prefix(at) + data.dropFirst(at + 1))
    case 3:
      data = Data(data.prefix(at) + [UInt8(generator.nextIndex(below: 256))] + data.dropFirst(at))
    case 4:
      // A digit somewhere in the header.
      let header = data.indices.dropFirst(8).prefix(2500)
      let digits = header.filter { (0x30...0x39).contains(data[$0]) }
      if !digits.isEmpty {
        data[digits[generator.nextIndex(below: digits.count)]] =
          0x30 + UInt8(generator.nextIndex(below: 10))
      }
    default:
      let length = generator.nextIndex(below: min(64, data.count - at))
      data.replaceSubrange(at..<at + length, with: data.prefix(length))
    }
    if data.isEmpty { data = Data([0]) }
  }
}
