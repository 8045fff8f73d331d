import Foundation
import ModelFormats
import NeuralGraph
import Testing

/// State dicts that lie in several files with an index beside them.
@Suite final class ShardTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "shards-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder.appending(path: "model"), withIntermediateDirectories: true)
    for (file, names) in [("one", ["a", "b"]), ("two", ["c"])] {
      var writer = SafetensorsWriter(metadata: ["format": "pt"])
      for name in names { try writer.add(name, Tensor(shape: [2], values: [1, 2])) }
      try writer.add("\(file).num_batches_tracked", shape: [], [Int64(0)])
      try writer.serialized().write(to: folder.appending(path: "model/\(file).safetensors"))
    }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private static let index = """
    {"metadata": {"total_size": 24, "by": ["x"]}, "weight_map": {"a": "one.safetensors", \
    "b": "one.safetensors", "one.num_batches_tracked": "one.safetensors", "c": "two.safetensors"}}
    """

  private func read(_ index: String = index) throws -> StateDict? {
    let file = folder.appending(path: "model/model.safetensors.index.json")
    try Data(index.utf8).write(to: file)
    return try StateDict(ifAt: file)
  }

  private func error(_ index: String) -> String {
    let error = #expect(throws: FormatError.self) { try read(index) }
    let text = error?.description ?? ""
    #expect(text.contains("model.safetensors.index.json'"), "\(text)")
    return text
  }

  @Test func allFilesAreRead() throws {
    let dict = try #require(try read())
    #expect(dict.weights.keys.sorted() == ["a", "b", "c"])
    #expect(dict.weights["c"]?.values == [1, 2])
    // Of a file only what the index says.
    let some = try read(#"{"weight_map": {"b": "one.safetensors"}}"#)
    #expect(some?.weights.keys.sorted() == ["b"])
  }

  /// As the hub's cache has it: names are links to files that all lie in one other folder.
  @Test func linksOfACacheAreFollowed() throws {
    _ = try read()
    let cache = folder.appending(path: "snapshot")
    try FileManager.default.createDirectory(at: cache, withIntermediateDirectories: false)
    for name in ["model.safetensors.index.json", "one.safetensors", "two.safetensors"] {
      try FileManager.default.createSymbolicLink(
        atPath: cache.appending(path: name).path, withDestinationPath: "../model/\(name)")
    }
    let dict = try StateDict(ifAt: cache.appending(path: "model.safetensors.index.json"))
    #expect(dict?.weights.count == 3)
  }

  @Test func noNameLeavesTheFolder() throws {
    let outside = folder.appending(path: "outside.safetensors")
    try FileManager.default.copyItem(
      at: folder.appending(path: "model/two.safetensors"), to: outside)
    try FileManager.default.createSymbolicLink(
      at: folder.appending(path: "model/link.safetensors"), withDestinationURL: outside)
    for name in [
      "../outside.safetensors", outside.path, "x/../../outside.safetensors", "", "file:two",
      "..\\\\outside.safetensors",
    ] {
      let text = error(#"{"weight_map": {"c": "\#(name)"}}"#)
      #expect(text.contains("leads out of the model's folder"), "\(text)")
    }
    for name in ["link.safetensors", "."] {
      let text = error(#"{"weight_map": {"c": "\#(name)"}}"#)
      #expect(text.contains("'\(name)' is not a file in the model's folder"), "\(text)")
    }
  }

  @Test func whatIsMissingIsNamed() throws {
    let missing = error(
      #"{"weight_map": {"a": "one.safetensors", "d": "model-00002-of-00002.safetensors"}}"#)
    #expect(missing.contains("'model-00002-of-00002.safetensors' is not beside it"), "\(missing)")
    let tensor = error(#"{"weight_map": {"c": "one.safetensors"}}"#)
    #expect(
      tensor.contains("'one.safetensors': the tensor 'c' is missing"), "\(tensor)")
    try Data("PK\u{3}\u{4} and more of it".utf8).write(
      to: folder.appending(path: "model/pytorch_model-00001-of-00001.bin"))
    let pickle = error(#"{"weight_map": {"c": "pytorch_model-00001-of-00001.bin"}}"#)
    #expect(
      pickle.contains("pytorch_model-00001-of-00001.bin': this is a zip archive"), "\(pickle)")
  }

  @Test(arguments: [
    (#"{"weight_map": {}}"#, "names no file"),
    (#"{"weight_map": ["one.safetensors"]}"#, "an object is missing"),
    (#"{"weight_map": {"a": 1}}"#, "the name of a file is missing"),
    (#"{"weight_map": {"a": "one.safetensors", "a": "two.safetensors"}}"#, "appears twice"),
    (#"{"weight_map": {"a": "one.safetensors",}}"#, "a name in quotes is missing"),
    (#"{"weight_map": {"a": "one"#, "it ends too early"),
  ])
  func indexesThatAreNone(json: String, says words: String) {
    let text = error(json)
    #expect(text.contains(words), "\(text)")
  }

  @Test func whatIndexesNameIsBounded() throws {
    let map = (0...ShardIndex.mostFiles).map { #""\#($0)":"\#($0)""# }.joined(separator: ",")
    let text = error(#"{"weight_map": {\#(map)}}"#)
    #expect(text.contains("more than \(ShardIndex.mostFiles) files"), "\(text)")
    let large = [UInt8](repeating: 0x20, count: ShardIndex.largest + 1)
    let error = #expect(throws: FormatError.self) { try ShardIndex(large) }
    #expect(error?.code == "shard_index")
  }
}
