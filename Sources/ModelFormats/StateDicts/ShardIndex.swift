import Inputs

/// The list of the files that a state dict was cut into, `model.safetensors.index.json` beside them:
/// `{"metadata": …, "weight_map": {TENSOR: FILE, …}}`, as Hugging Face's libraries write it
/// (huggingface_hub, `save_torch_state_dict`; transformers, `save_pretrained`).
public struct ShardIndex: Sendable {
  /// Bytes of the largest index that is read: of some 100,000 tensors.
  public static let largest = 1 << 24
  /// Files that one may name.
  public static let mostFiles = 1024

  /// Each file's name with its tensors, in alphabetical order.
  public let files: [(name: String, tensors: [String])]

  /// Reads an index. Throws `shardIndex`.
  public init(_ bytes: [UInt8]) throws(FormatError) {
    guard bytes.count <= ShardIndex.largest else {
      throw .shardIndex(reason: "it has more than \(ShardIndex.largest) bytes")
    }
    let map: [String: String]
    do throws(JSONFault) {
      // Metadata may be anything, so that the whole is looked through first.
      try JSONReader.check(bytes, limits: ShardIndex.limits)
      map = try ShardIndex.map(bytes)
    } catch {
      throw .shardIndex(reason: "\(error.reason) (byte \(error.offset + 1))")
    }
    var files: [String: [String]] = [:]
    for (tensor, file) in map { files[file, default: []].append(tensor) }
    guard files.count <= ShardIndex.mostFiles else {
      throw .shardIndex(reason: "it names more than \(ShardIndex.mostFiles) files")
    }
    guard !files.isEmpty else { throw .shardIndex(reason: "its 'weight_map' names no file") }
    self.files = files.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sorted()) }
  }

  private static let limits = {
    var limits = JSONLimits(depth: 16)
    limits.name = 1024
    limits.string = 1024
    return limits
  }()

  private static func map(_ bytes: [UInt8]) throws(JSONFault) -> [String: String] {
    var reader = JSONReader(bytes, limits: limits)
    var map: [String: String] = [:]
    try reader.beginObject()
    while let member = try reader.nextName() {
      guard member == "weight_map" else {
        try reader.skip()
        continue
      }
      guard try reader.kind() == .object else { throw reader.fault("an object is missing") }
      try reader.beginObject()
      while let tensor = try reader.nextName() {
        guard try reader.kind() == .string else {
          throw reader.fault("the name of a file is missing")
        }
        map[tensor] = try reader.string()
      }
    }
    return map
  }
}
