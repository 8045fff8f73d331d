import Foundation
import ModelFormats
import Testing

@Suite struct SafetensorsFileTests {
  /// A file with that header text and data.
  static func file(_ header: String, data: Int = 0) -> Data {
    file(Data(header.utf8), data: data)
  }

  static func file(_ header: Data, data: Int) -> Data {
    var file = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) }
    file.append(header)
    file.append(Data(repeating: 0, count: data))
    return file
  }

  /// `{"a": {…}}` with that shape and those offsets.
  static func entry(
    _ name: String = "a", type: String = "F32", shape: String, offsets: String
  ) -> String {
    #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":\#(offsets)}"#
  }

  static func open(_ data: Data) -> FormatError? {
    do {
      _ = try SafetensorsFile(data: data)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [
    (Data(), FormatError.truncatedLength(bytes: 0)),
    (Data([1, 2, 3]), .truncatedLength(bytes: 3)),
    (Data(repeating: 0xFF, count: 16), .headerTooLarge(UInt64.max)),
    (
      withUnsafeBytes(of: UInt64(100_000_001).littleEndian) { Data($0) },
      .headerTooLarge(100_000_001)
    ),
    (
      withUnsafeBytes(of: UInt64(9).littleEndian) { Data($0) + Data("{}".utf8) },
      .headerBeyondFile(header: 9, file: 10)
    ),
    (file(Data([0x7B, 0xFF, 0xFE, 0x7D]), data: 0), .headerNotUTF8),
    (file(""), .headerNotJSON(offset: 0, reason: "it ends too early")),
    (file("hello"), .headerNotJSON(offset: 0, reason: "a value is missing")),
    (file("{\"a\" 1}"), .headerNotJSON(offset: 5, reason: "a colon is missing")),
    (file("{} {}"), .headerNotJSON(offset: 3, reason: "something follows the value")),
    (file("{"), .headerNotJSON(offset: 1, reason: "it ends too early")),
    (file("{\"a"), .headerNotJSON(offset: 3, reason: "it ends too early")),
    (
      file("{\"\\ud800\":1}"),
      .headerNotJSON(offset: 2, reason: "half of a surrogate pair without the other half")
    ),
    (file("[]"), .headerNotObject),
    (file("3"), .headerNotObject),
    (file(#"{"__metadata__":{"k":"1","k":"2"}}"#), .duplicateKey("k")),
    (file(#"{"__metadata__":{},"__metadata__":{}}"#), .duplicateKey("__metadata__")),
    (
      file(
        "{\(entry(shape: "[1]", offsets: "[0,4]")),\(entry(shape: "[1]", offsets: "[4,8]"))}",
        data: 8), .duplicateKey("a")
    ),
    (file(#"{"__metadata__":{"k":1}}"#), .metadataNotString("k")),
    (file(#"{"__metadata__":7}"#), .metadataNotString("__metadata__")),
  ])
  func refusesBrokenHeaders(_ file: Data, expected: FormatError) {
    #expect(Self.open(file) == expected)
  }

  @Test(arguments: [
    ("{\(entry(type: "C64", shape: "[1]", offsets: "[0,8]"))}", 8, "unknown_element_type"),
    ("{\"a\":3}", 0, "invalid_entry"),
    (#"{"a":{"dtype":"F32","shape":[1]}}"#, 0, "invalid_entry"),
    (#"{"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}"#, 4, "invalid_entry"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}"#, 4, "invalid_entry"),
    (#"{"a":{"dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4]}}"#, 4, "duplicate_key"),
    ("{\(entry(shape: "[1]", offsets: "[0,4,8]"))}", 8, "invalid_entry"),
    ("{\(entry(shape: "[1.0]", offsets: "[0,4]"))}", 4, "invalid_entry"),
    ("{\(entry(shape: "[1e0]", offsets: "[0,4]"))}", 4, "invalid_entry"),
    ("{\(entry(shape: "[+1]", offsets: "[0,4]"))}", 4, "header_not_json"),
    ("{\(entry(shape: "[01]", offsets: "[0,4]"))}", 4, "header_not_json"),
    ("{\(entry(shape: "[true]", offsets: "[0,4]"))}", 4, "invalid_entry"),
    ("{\(entry(shape: "[-1]", offsets: "[0,4]"))}", 4, "negative_number"),
    ("{\(entry(shape: "[1]", offsets: "[-4,0]"))}", 4, "negative_number"),
    ("{\(entry(shape: "[99999999999999999999]", offsets: "[0,4]"))}", 4, "number_overflow"),
    (
      "{\(entry(shape: "[4294967296,4294967296,2]", offsets: "[0,4]"))}", 4, "number_overflow"
    ),
    ("{\(entry(shape: "[4611686018427387904]", offsets: "[0,0]"))}", 0, "number_overflow"),
    ("{\(entry(shape: "[1]", offsets: "[4,0]"))}", 4, "offsets_reversed"),
    ("{\(entry(shape: "[1]", offsets: "[0,4,4]"))}", 4, "invalid_entry"),
    ("{\(entry(shape: "[2]", offsets: "[0,4]"))}", 4, "size_mismatch"),
    ("{\(entry(shape: "[1]", offsets: "[4,8]"))}", 8, "hole_in_data"),
    (
      "{\(entry(shape: "[2]", offsets: "[0,8]")),\(entry("b", shape: "[1]", offsets: "[4,8]"))}",
      8, "overlapping_tensors"
    ),
    ("{\(entry(shape: "[2]", offsets: "[0,8]"))}", 7, "truncated_data"),
    ("{\(entry(shape: "[2]", offsets: "[0,8]"))}", 9, "trailing_bytes"),
    ("{}", 1, "trailing_bytes"),
  ])
  func refusesBrokenEntries(_ header: String, data: Int, code: String) {
    #expect(Self.open(Self.file(header, data: data))?.code == code)
  }

  /// A text becomes a table of many times its size only within bounds.
  @Test func boundsDimensionsAndTexts() {
    func shape(_ dimensions: Int) -> Data {
      let ones = Array(repeating: "1", count: dimensions).joined(separator: ",")
      return Self.file("{\(Self.entry(shape: "[\(ones)]", offsets: "[0,4]"))}", data: 4)
    }
    #expect(Self.open(shape(64)) == nil)
    #expect(Self.open(shape(65))?.code == "invalid_entry")
    func metadata(_ texts: Int) -> Data {
      let pairs = (0..<texts).map { "\"\($0)\":\"\"" }.joined(separator: ",")
      return Self.file("{\"__metadata__\":{\(pairs)}}")
    }
    #expect(Self.open(metadata(4096)) == nil)
    #expect(Self.open(metadata(4097))?.code == "invalid_entry")
  }

  @Test func readsEscapesAndWhiteSpace() throws {
    let header = " {\n\"__metadata__\" : { \"k\\n\\u00e9\\ud83d\\ude00\" : \"\\\"\\\\\\/\" } } "
    let file = try SafetensorsFile(data: Self.file(header))
    #expect(file.metadata == ["k\né😀": "\"\\/"])
  }

  @Test func readsSlicesOfLargerData() throws {
    let file = Self.file("{\(Self.entry(shape: "[1]", offsets: "[0,4]"))}", data: 4)
    let slice = (Data([9, 9, 9]) + file).dropFirst(3)
    #expect(try SafetensorsFile(data: slice).tensor("a").values == [0])
  }

  @Test func answersTypedErrorsForWrongAccess() throws {
    let file = try SafetensorsFile(
      data: Self.file("{\(Self.entry(type: "I64", shape: "[1]", offsets: "[0,8]"))}", data: 8))
    #expect(throws: FormatError.missingTensor("b")) { try file.tensor("b") }
    #expect(throws: FormatError.elementType(tensor: "a", expected: "U8", found: "I64")) {
      try file.unsigned8("a")
    }
    #expect(throws: FormatError.self) { try file.weights() }
  }

  @Test func reportsAMissingFile() {
    let url = URL(filePath: "/nonexistent/model.safetensors")
    do {
      _ = try SafetensorsFile(contentsOf: url)
      Issue.record("a missing file was read")
    } catch {
      #expect(error.code == "unreadable_file")
      #expect(error.description.contains("/nonexistent/model.safetensors"))
      #expect(error.description.contains("No such file"))
    }
  }
}
