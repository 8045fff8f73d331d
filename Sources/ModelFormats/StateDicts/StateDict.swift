import NeuralGraph

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Weights as PyTorch names them, in a safetensors file without metadata of this project: what
/// `safetensors.torch.save_file(model.state_dict(), path)` writes and
/// `model.load_state_dict(safetensors.torch.load_file(path))` accepts.
public struct StateDict: Sendable, Hashable {
  /// Tensors by name, without the counters that batch norm keeps.
  public let weights: Weights
  /// The names of the batch-norm layers, each of which has a counter `NAME.num_batches_tracked`.
  let counted: [String]
  /// What wrappers had put before the names and was left out, for example `module.`.
  public let prefixesLeftOut: [String]
  /// The network's name with its width, where the file says it: tensors do not tell whether a block whose
  /// channels stay the same has a shortcut. PyTorch reads no metadata.
  let title: String?

  /// Tensors as given, under the names that they have without wrappers (`WrapperPrefixes`).
  public init(weights: Weights) { self.init(weights: weights, title: nil) }

  private init(weights: Weights, title: String?) {
    let names = WrapperPrefixes(weights)
    self.weights = names.weights
    counted = []
    prefixesLeftOut = names.leftOut
    self.title = title
  }

  init(weights: Weights, counted: [String], title: String?) {
    self.weights = weights
    self.counted = counted
    prefixesLeftOut = []
    self.title = title
  }

  /// Whether a safetensors file is a state dict: PyTorch's own metadata, or none that states a
  /// format.
  public static func matches(_ file: SafetensorsFile) -> Bool {
    let format = file.metadata[FileMetadata.Key.format.rawValue]
    return format == nil || format == pyTorchFormat
  }

  /// Reads the tensors of a file: floats of 32 or 64 bits, halves or bfloat16. Throws `elementType` for other
  /// numbers.
  public init(_ file: SafetensorsFile) throws(FormatError) {
    self.init(
      weights: try file.weights(), title: file.metadata[FileMetadata.Key.architecture.rawValue])
  }

  /// Reads the file when it is a state dict, or the index of one that was cut into several files of its
  /// folder; nil for any other safetensors file. Errors name the file.
  public init?(ifAt url: URL) throws(FormatError) {
    do throws(FormatError) {
      let file: SafetensorsFile
      do throws(FormatError) {
        file = try SafetensorsFile(contentsOf: url)
      } catch {
        guard error == .foreignFile(.shardIndex) else { throw error }
        let bytes = try FileBytes(contentsOf: url)
        // One more than an index may have: it is told as too long, not read.
        let start = StoredBytes(bytes, 0..<min(bytes.count, ShardIndex.largest + 1))
        let index = try ShardIndex(start.elements(of: UInt8.self))
        try self.init(index, in: ModelFolder(ofFileAt: url.path))
        return
      }
      guard Self.matches(file) else { return nil }
      try self.init(file)
    } catch {
      if case .unreadable = error { throw error }
      throw .inFile(path: url.path, error)
    }
  }

  /// Reads the tensors that an index names, each from the file that it names for it; no other file, and
  /// none outside of the folder. Errors name the file.
  public init(_ index: ShardIndex, in folder: ModelFolder) throws(FormatError) {
    var weights: Weights = [:]
    for (name, tensors) in index.files {
      let path: String
      do throws(ModelFolder.Fault) {
        path = try folder.path(of: name)
      } catch {
        throw .shard(error)
      }
      do throws(FormatError) {
        let file = try SafetensorsFile(contentsOf: URL(fileURLWithPath: path))
        for tensor in tensors { weights[tensor] = try file.weight(tensor) }
      } catch {
        throw .inFile(path: name, error)
      }
    }
    self.init(weights: weights)
  }

  /// The file's bytes: 32-bit floats, and a counter of zero for each batch norm. Throws where a
  /// tensor's shape does not hold its values.
  public func serialized() throws(FormatError) -> Data {
    var metadata = [FileMetadata.Key.format.rawValue: Self.pyTorchFormat]
    metadata[FileMetadata.Key.architecture.rawValue] = title
    var writer = SafetensorsWriter(metadata: metadata)
    for (name, tensor) in weights { try writer.add(name, tensor) }
    for name in counted { try writer.add("\(name).num_batches_tracked", shape: [], [Int64(0)]) }
    return writer.serialized()
  }

  /// What Hugging Face's library writes under `format` for PyTorch.
  private static let pyTorchFormat = "pt"
}
