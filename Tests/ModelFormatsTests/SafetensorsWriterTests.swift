import Foundation
import ModelFormats
import NeuralGraph
import Testing

@Suite struct SafetensorsWriterTests {
  @Test func writesWhatItReads() throws {
    var writer = SafetensorsWriter(metadata: ["text": "quotes \" \\ and \n lines, é"])
    let tensor = try Tensor(shape: [2, 2], values: [1, -0.0, .infinity, Float(bitPattern: 1)])
    try writer.add("f\"32", tensor)
    try writer.add("halves", Tensor(shape: [3], values: [0.1, 65504, -1]), precision: .float16)
    try writer.add("bytes", shape: [3], [1, 2, 255] as [UInt8])
    try writer.add("words", shape: [1, 2], [1, 65535] as [UInt16])
    let file = try SafetensorsFile(data: writer.serialized())
    #expect(file.metadata == writer.metadata)
    #expect(try file.tensor("f\"32") == tensor)
    #expect(try file.tensor("halves").values == [0.099975586, 65504, -1])
    #expect(try file.unsigned8("bytes") == [1, 2, 255])
    #expect(try file.unsigned16("words") == [1, 65535])
  }

  @Test func alignsTensorsAndHeader() throws {
    var writer = SafetensorsWriter()
    try writer.add("a", shape: [3], [1, 2, 3] as [UInt8])
    try writer.add("b", shape: [3], [1, 2, 3] as [UInt16])
    try writer.add("c", Tensor(shape: [3], filledWith: 1))
    let data = writer.serialized()
    let file = try SafetensorsFile(data: data)
    for entry in file.entries.values { #expect(entry.begin % entry.type.size == 0) }
    #expect(data[0] % 8 == 0)
    #expect(file.entries["c"]?.begin == 0)
    #expect(file.entries["a"]?.end == data.count - 8 - Int(data[0]) - 256 * Int(data[1]))
  }

  @Test func isDeterministic() throws {
    func bytes(_ names: [String]) throws -> Data {
      var writer = SafetensorsWriter(metadata: ["z": "1", "a": "2"])
      for name in names { try writer.add(name, Tensor(shape: [1], filledWith: 2)) }
      return writer.serialized()
    }
    #expect(try bytes(["a", "b", "c"]) == bytes(["c", "a", "b"]))
  }

  @Test func refusesWhatDoesNotFit() {
    var writer = SafetensorsWriter()
    #expect(throws: FormatError.halfOverflow(tensor: "x")) {
      try writer.add("x", Tensor(shape: [1], values: [65520]), precision: .float16)
    }
    #expect(throws: FormatError.self) { try writer.add("y", shape: [2], [1] as [UInt8]) }
  }
}
