/// A kind of file that people take for a model file, told by its first bytes, so that they hear what
/// it is and what to do instead of what its bytes are not.
public enum ForeignFile: String, Sendable, Hashable, CaseIterable {
  /// What `torch.save` writes: a zip archive.
  case zip
  /// A bare pickle, of protocol 2 to 5.
  case pickle
  /// What a clone has in a file's place when Git LFS did not fetch it.
  case lfsPointer
  /// The list of the files that a large model was cut into.
  case shardIndex
  /// Any other JSON.
  case json
  /// Keras's `.h5`.
  case hdf5
  /// TensorFlow Lite's.
  case tfLite
  /// A page of the web, as an address that is no file gives.
  case html
  /// Compressed by gzip.
  case gzip
  /// An ONNX file.
  case onnx

  /// Bytes that have to be seen.
  public static let sample = 4096

  /// Whether a file begins as safetensors files do: the length of a header, and the header.
  public static func isSafetensors(start: [UInt8]) -> Bool {
    start.count > 8 && start[8] == UInt8(ascii: "{") && start[4..<8].allSatisfy { $0 == 0 }
  }

  /// The kind of a file that is no safetensors file, from its first `sample` bytes or all of fewer;
  /// nil for any other. Some of these signs are two bytes long, so that a stronger check comes first.
  public init?(start: [UInt8]) {
    // A safetensors file that was cut off or damaged is still one.
    if Self.isSafetensors(start: start) { return nil }
    func begins(_ text: String, at offset: Int = 0) -> Bool {
      start.dropFirst(offset).starts(with: text.utf8)
    }
    let text = String(decoding: start, as: UTF8.self).drop { $0.isWhitespace || $0 == "\u{FEFF}" }
    if begins("PK\u{3}\u{4}") {
      self = .zip
    } else if begins("version https://git-lfs") {
      self = .lfsPointer
    } else if start.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A]) {
      self = .hdf5
    } else if begins("TFL3", at: 4) {
      self = .tfLite
    } else if start.starts(with: [0x1F, 0x8B, 0x08]) {
      self = .gzip
    } else if text.lowercased().hasPrefix("<!doctype html") || text.lowercased().hasPrefix("<html")
    {
      self = .html
    } else if text.hasPrefix("{") {
      self = text.contains("\"weight_map\"") ? .shardIndex : .json
    } else if start.count >= 2, start[0] == 0x80, (2...5).contains(start[1]) {
      self = .pickle
    } else if ForeignFile.isONNX(start) {
      self = .onnx
    } else {
      return nil
    }
  }

  /// A protocol buffer whose first field is the version of ONNX's container (1 to 127), and whose
  /// second is one of a model's: who made it (2, 3), its domain, version or text (4, 5, 6), its
  /// graph (7) or its operators (8).
  private static func isONNX(_ start: [UInt8]) -> Bool {
    guard start.count > 2, start[0] == 0x08, (1...127).contains(start[1]) else { return false }
    return [0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42].contains(start[2])
  }

  /// What it is.
  public var name: String {
    switch self {
    case .zip: "a zip archive, as torch.save writes"
    case .pickle: "a pickle, as torch.save writes"
    case .lfsPointer: "a pointer of Git LFS in a file's place"
    case .shardIndex: "the index of a model that was cut into several files"
    case .json: "JSON text"
    case .hdf5: "an HDF5 file, as Keras writes"
    case .tfLite: "a TensorFlow Lite file"
    case .html: "a web page"
    case .gzip: "a file that gzip compressed"
    case .onnx: "an ONNX file"
    }
  }

  /// What to do.
  public var advice: String {
    switch self {
    case .zip, .pickle:
      "pickles can run code and are not read. Save the tensors alone: "
        + "safetensors.torch.save_file(model.state_dict(), \"model.safetensors\")"
    case .lfsPointer: "fetch the file itself with 'git lfs pull', or download it again"
    case .shardIndex:
      "'crisp convert INDEX model.safetensors' makes one of it and the files beside it"
    case .json: "name the file with the weights, which lies beside it as a rule"
    case .hdf5, .tfLite: "export the model as ONNX (for example with tf2onnx) and convert that"
    case .html: "the download gave a page instead of the file; fetch it again, signed in if need be"
    case .gzip: "unpack it with 'gzip -d' first"
    case .onnx: "make a model file of it with 'crisp convert FILE.onnx model.safetensors'"
    }
  }
}
