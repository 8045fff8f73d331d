import Foundation
import NeuralGraph

/// Reads tensors whose values stand in a file beside the ONNX file (onnx.proto,
/// `TensorProto.external_data`), as PyTorch writes them since 2.9. No path leaves the model's folder,
/// and no file gives more bytes than it has, however often tensors name them.
struct ExternalData {
  /// Bytes that one such file may have.
  static let largestFile = 1 << 34

  /// Nil where a model came without a folder.
  private let folder: URL?
  /// Bytes of each file that tensors have not used, by path: one file has many names.
  private var unused: [String: Int] = [:]

  init(folder: URL?) { self.folder = folder }

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
    let url = try file(location, in: folder, refused)
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
      handle = try FileHandle(forReadingFrom: url)
      size = Int(clamping: try handle.seekToEnd())
    } catch {
      throw refused("'\(location)' beside it cannot be read")
    }
    defer { try? handle.close() }
    guard size <= Self.largestFile else { throw refused("'\(location)' is too large") }
    let left = unused[url.path] ?? size
    guard offset <= size, length <= size - offset, length <= left else {
      throw refused(
        "'\(location)' has \(size) bytes, too few: it was cut off, or is another model's")
    }
    unused[url.path] = left - length
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

  /// The file of that name, which has to lie in the folder, links followed.
  private func file(
    _ location: String, in folder: URL, _ refused: (String) -> ONNXError
  ) throws(ONNXError) -> URL {
    let parts = location.split(whereSeparator: { $0 == "/" || $0 == "\\" })
    guard !location.hasPrefix("/"), !location.contains("\0"), !parts.isEmpty, !parts.contains(".."),
      !location.contains(":")
    else { throw refused("its name '\(location)' leads out of the model's folder") }
    let root = folder.resolvingSymlinksInPath().standardizedFileURL
    let url = root.appending(path: location).resolvingSymlinksInPath().standardizedFileURL
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw refused(
        "'\(location)' is not beside it: keep both files in one folder, under their first names")
    }
    let rootPath = root.path.hasSuffix("/") ? root.path : root.path + "/"
    let attributes = try? FileManager.default.attributesOfItem(atPath: url.path)
    guard url.path.hasPrefix(rootPath), attributes?[.type] as? FileAttributeType == .typeRegular
    else {
      throw refused("'\(location)' is not a file in the model's folder; put a copy of it there")
    }
    return url
  }
}
