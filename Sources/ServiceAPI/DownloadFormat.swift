/// The kinds of file that a server gives a model as.
public enum DownloadFormat: String, Sendable, CaseIterable {
  /// Packed, for the sparse runtime.
  case crisp
  /// Dense, with zeros, under PyTorch's names.
  case safetensors
  /// Dense, as an ONNX graph.
  case onnx

  /// What a file's name asks for: ONNX where it ends so, else the packed file.
  public init(naming path: String) {
    self = path.lowercased().hasSuffix(".onnx") ? .onnx : .crisp
  }
}
