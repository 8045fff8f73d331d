extension FormatError: CustomStringConvertible {
  /// One sentence for a person.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "'\(path)' cannot be read: \(reason)"
    case .inFile(let path, let error): "'\(path)': \(error.description)"
    case .foreignFile(let kind): "this is \(kind.name), not a model file: \(kind.advice)"
    case .truncatedLength(let bytes):
      "the file has \(bytes) bytes; a safetensors file starts with an 8-byte header length"
    case .headerTooLarge(let length):
      "the file says its header has \(length) bytes; at most 100000000 are read"
    case .headerBeyondFile(let header, let file):
      "the file says its header has \(header) bytes, but the whole file has only \(file)"
    case .headerNotUTF8: "the header is not UTF-8 text"
    case .headerNotJSON(let offset, let reason):
      "the header is not JSON: \(reason) at byte \(offset)"
    case .headerNotObject: "the header is not a JSON object"
    case .duplicateKey(let key): "the header names '\(key)' twice"
    case .metadataNotString(let key): "the metadata '\(key)' is not a string"
    case .invalidEntry(let tensor, let reason): "the header's entry '\(tensor)' \(reason)"
    case .unknownElementType(let tensor, let found):
      "tensor '\(tensor)' has the element type '\(found)', which is not supported"
    case .negativeNumber(let tensor): "tensor '\(tensor)' has a negative dimension or offset"
    case .overflow(let tensor): "the size of tensor '\(tensor)' does not fit 64 bits"
    case .offsetsReversed(let tensor): "tensor '\(tensor)' ends before it begins"
    case .sizeMismatch(let tensor, let expected, let found):
      "tensor '\(tensor)' needs \(expected) bytes, but its offsets span \(found)"
    case .hole(let before): "bytes before tensor '\(before)' belong to no tensor"
    case .overlap(let tensor): "tensor '\(tensor)' overlaps the one before it"
    case .truncatedData(let expected, let found):
      "the tensors need \(expected) bytes, but the file holds only \(found): it was cut off"
    case .trailingBytes(let count): "\(count) bytes follow the last tensor"
    case .missingTensor(let name): "the tensor '\(name)' is missing"
    case .unexpectedTensor(let name): "the model does not use the tensor '\(name)'"
    case .elementType(let tensor, let expected, let found):
      "tensor '\(tensor)' has element type \(found); it must be \(expected)"
    case .tensorShape(let tensor, let expected, let found):
      "tensor '\(tensor)' has shape \(found); it must be \(expected)"
    case .halfOverflow(let tensor):
      "a value of '\(tensor)' is too large for half precision; write 32-bit floats instead"
    case .missingMetadata(let key): "the metadata '\(key)' is missing"
    case .invalidMetadata(let key, let reason): "the metadata '\(key)' is not valid: \(reason)"
    case .wrongFormat(let expected, let found):
      "the file's format is '\(found)'; this reader is for '\(expected)'"
    case .unknownVersion(let version):
      "the file's format_version is '\(version)'; this reader knows only version 1"
    case .graph(let error): error.description
    case .labelCount(let expected, let found):
      "the graph scores \(expected) classes, but there are \(found) labels"
    case .preprocessing(let reason): "the preprocessing is not valid: \(reason)"
    case .unknownStateDict(let known, let closest, let error):
      "the tensors fit no known architecture (\(known.joined(separator: ", "))); the closest is "
        + "\(closest): \(error.description)"
    case .ambiguousStateDict(let candidates):
      "the tensors fit several architectures: name one with --arch "
        + "(\(candidates.joined(separator: ", ")))"
    case .importIncomplete(let what, let advice):
      "the file does not say \(what): \(advice)"
    case .shardIndex(let reason): "the index of the model's files cannot be used: \(reason)"
    case .shard(let fault): "of the model's files, \(fault.reason)"
    default: packingDescription
    }
  }

  private var packingDescription: String {
    switch self {
    case .invalidPattern(let reason): "the sparsity pattern is not valid: \(reason)"
    case .notPackable(let layer):
      "'\(layer)' cannot be packed: only convolutions without groups and linear layers can"
    case .layerTooLarge(let layer):
      "'\(layer)' is too large: at most 2^28 weights and 65536 tiles a row fit the format"
    case .elementCount(let layer, let expected, let found):
      "'\(layer)' needs \(expected) elements and was given \(found)"
    case .unequalTiles(let layer, let blockRow, let expected, let found):
      "block row \(blockRow) of '\(layer)' keeps \(found) tiles; "
        + "every block row must keep the same number, here \(expected), and at least one"
    case .groupOverfull(let layer, let row, let column):
      "'\(layer)' keeps more weights than its pattern allows in the group at row \(row), "
        + "column \(column)"
    case .rowGroupDiffers(let layer, let row, let column):
      "'\(layer)' keeps other positions at row \(row), column \(column), than in the first row "
        + "of the row group"
    case .blockColumnOutOfRange(let layer, let blockRow, let found):
      "block row \(blockRow) of '\(layer)' has a tile at block column \(found), "
        + "beyond the matrix"
    case .blockColumnsNotAscending(let layer, let blockRow):
      "the tiles of block row \(blockRow) of '\(layer)' are not in ascending order"
    case .positionsNotAscending(let layer, let blockRow):
      "positions within a group of block row \(blockRow) of '\(layer)' are not in ascending order"
    case .scaleOutOfRange(let layer, let row, let found):
      "the scale of row \(row) of '\(layer)' is \(found); it must be positive, and 127 times it finite"
    case .wholeNumberOutOfRange(let layer, let found):
      "'\(layer)' stores a weight as \(found); whole numbers are -127 to 127"
    case .paddedNonzero(let layer, let row, let column):
      "'\(layer)' has a value at row \(row), column \(column), which is outside its matrix"
    default: code
    }
  }
}
