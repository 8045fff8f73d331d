import Foundation
import ModelFormats
import NeuralGraph

/// Reads tensors whose values stand in a file beside the ONNX file (onnx.proto,
/// `TensorProto.external_data`), as PyTorch writes them since 2.9. No path leaves the model's folder,
/// and no file gives more bytes than it has, however often tensors name them.
struct ExternalData {
  /// Bytes that one such file may have.
  static let largestFile = 1 << 34

  /// Nil where a model came without a folder.
  private let folder: ModelFolder?
  /// Bytes of each file that tensors have not used, by path: one file has many names.
  private var unused: [String: Int] = [:]

  init(folder: ModelFolder?) { self.folder = folder }

  /// The tensor with its values inside. Throws `externalData` where they are not there, or not where
  /// they may be.
  mutating func inlined(_ tensor: ONNXTensor, name: String) throws(ONNXError) -> ONNXTensor {
    guard tensor.dataLocation == 1 || !tensor.externalData.isEmpty else { return tensor }
    func refused(_ reason: String) -> ONNXError { .externalData(tensor: name, reason: reason) }
    guard let folder else {
      throw refused("none is read here: save the model with its weights inside")
    }
    let fields = Dictionary(tensor.externalData.map { ($0.key, $0.value) }) { first, _ in first }
    guard let location = fields["location"], !location.isEmpty else {
      throw refused("its name is missing")
    }
    let path: String
    do throws(ModelFolder.Fault) {
      path = try folder.path(of: location)
    } catch {
      throw refused(error.reason)
    }
    guard let type = TensorType(rawValue: tensor.dataType) else {
      throw .tensorType(tensor: name, type: tensor.dataType)
    }
    guard let count = Tensor.count(of: tensor.dims.map { Int(clamping: $0) }) else {
      throw .tensorSize(tensor: name, reason: "its dimensions \(tensor.dims) are out of range")
    }
    let (needed, overflow) = count.multipliedReportingOverflow(by: type.size)
    let length = fields["length"].map { Int($0) } ?? needed
    let offset = fields["offset"].map { Int($0) } ?? 0
    guard !overflow, let length, let offset, length == needed, offset >= 0 else {
      throw refused("its place there does not hold the tensor's shape")
    }
    let handle: FileHandle
    let size: Int
    do {
      handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      size = Int(clamping: try handle.seekToEnd())
    } catch {
      throw refused("'\(location)' beside it cannot be read")
    }
    defer { try? handle.close() }
    guard size <= Self.largestFile else { throw refused("'\(location)' is too large") }
    let left = unused[path] ?? size
    guard offset <= size, length <= size - offset, length <= left else {
      throw refused(
        "'\(location)' has \(size) bytes, too few: it was cut off, or is another model's")
    }
    unused[path] = left - length
    var result = tensor
    do {
      try handle.seek(toOffset: UInt64(offset))
      result.rawData = length == 0 ? Data() : try handle.read(upToCount: length) ?? Data()
    } catch {
      throw refused("'\(location)' beside it cannot be read")
    }
    result.dataLocation = 0
    result.externalData = []
    return result
  }
}
