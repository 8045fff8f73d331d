import NeuralGraph

/// What can be wrong with a model file, or with what is to be written into one. Readers throw these
/// and nothing else; no input makes them trap.
public enum FormatError: Error, Hashable, Sendable {
  // The safetensors container

  /// The file cannot be read.
  case unreadable(path: String, reason: String)
  /// Any other failure, with the file it concerns.
  indirect case inFile(path: String, FormatError)
  /// The file is of a kind that is known and not read here.
  case foreignFile(ForeignFile)
  /// Fewer than the eight bytes that hold the header's length.
  case truncatedLength(bytes: Int)
  /// The header's length exceeds the cap of 100 MB.
  case headerTooLarge(UInt64)
  /// The header is said to be longer than the file.
  case headerBeyondFile(header: Int, file: Int)
  /// The header is not valid UTF-8.
  case headerNotUTF8
  /// The header is not JSON.
  case headerNotJSON(offset: Int, reason: String)
  /// The header is JSON but no object.
  case headerNotObject
  /// A name appears twice in one object.
  case duplicateKey(String)
  /// A value of `__metadata__` is no string, or `__metadata__` is no object.
  case metadataNotString(String)
  /// An entry lacks one of dtype, shape and data_offsets, or holds something else.
  case invalidEntry(tensor: String, reason: String)
  /// The element type is not one this reader knows.
  case unknownElementType(tensor: String, found: String)
  /// A dimension or an offset is negative.
  case negativeNumber(tensor: String)
  /// A dimension, an offset or the product of the dimensions does not fit 64 bits.
  case overflow(tensor: String)
  /// The first offset is larger than the second.
  case offsetsReversed(tensor: String)
  /// The offsets do not span exactly shape x element size.
  case sizeMismatch(tensor: String, expected: Int, found: Int)
  /// Bytes between two tensors that belong to none.
  case hole(before: String)
  /// Two tensors share bytes.
  case overlap(tensor: String)
  /// The data ends before the last tensor does.
  case truncatedData(expected: Int, found: Int)
  /// Bytes after the last tensor.
  case trailingBytes(Int)

  // Tensors

  /// A tensor that the model needs is not in the file.
  case missingTensor(String)
  /// A tensor that the model has no place for.
  case unexpectedTensor(String)
  /// A tensor has another element type than the format prescribes.
  case elementType(tensor: String, expected: String, found: String)
  /// A tensor has another shape than the model prescribes.
  case tensorShape(tensor: String, expected: [Int], found: [Int])
  /// A finite value is too large for half precision.
  case halfOverflow(tensor: String)

  // The description

  /// A metadata key is missing.
  case missingMetadata(String)
  /// A metadata value cannot be understood.
  case invalidMetadata(key: String, reason: String)
  /// The file is of another format.
  case wrongFormat(expected: String, found: String)
  /// The file is of a version that this reader does not know.
  case unknownVersion(String)
  /// The graph, or a weight of it, is wrong.
  case graph(GraphError)
  /// The number of labels is not the number of scores that the graph produces.
  case labelCount(expected: Int, found: Int)
  /// The preprocessing does not fit the graph's input, or is not a number.
  case preprocessing(reason: String)

  // State dicts

  /// The tensors of a state dict fit no architecture; the closest one and what is wrong with it.
  case unknownStateDict(known: [String], closest: String, GraphError)
  /// The tensors of a state dict fit several architectures.
  case ambiguousStateDict(candidates: [String])
  /// The index of a state dict in several files is not one.
  case shardIndex(reason: String)
  /// One of its files is not where it has to be.
  case shard(ModelFolder.Fault)
  /// A file does not hold what has to be known to use its network.
  case importIncomplete(what: String, advice: String)

  // Packing

  /// The pattern is not one of those that exist.
  case invalidPattern(reason: String)
  /// The layer is no convolution without groups and no linear layer.
  case notPackable(layer: String)
  /// The layer's matrix is larger than the format allows.
  case layerTooLarge(layer: String)
  /// Values or mask do not have one element for each weight of the matrix.
  case elementCount(layer: String, expected: Int, found: Int)
  /// No tile, or not every block row the same number of tiles, is kept.
  case unequalTiles(layer: String, blockRow: Int, expected: Int, found: Int)
  /// A group keeps more weights than the pattern allows.
  case groupOverfull(layer: String, row: Int, column: Int)
  /// Rows of one row group keep different positions.
  case rowGroupDiffers(layer: String, row: Int, column: Int)
  /// A tile's column is beyond the matrix.
  case blockColumnOutOfRange(layer: String, blockRow: Int, found: Int)
  /// Tile columns of a block row repeat or descend.
  case blockColumnsNotAscending(layer: String, blockRow: Int)
  /// Positions in a group repeat or descend, or are beyond it.
  case positionsNotAscending(layer: String, blockRow: Int)
  /// A scale of a row of whole numbers is not positive, or 127 times it is not finite.
  case scaleOutOfRange(layer: String, row: Int, found: String)
  /// A weight stored as a whole number is not -127 to 127.
  case wholeNumberOutOfRange(layer: String, found: Int)
  /// A value outside the matrix (in a padded row or column) is not zero.
  case paddedNonzero(layer: String, row: Int, column: Int)
}

extension FormatError {
  /// A stable identifier of the failure, for logs and API answers.
  public var code: String {
    switch self {
    case .unreadable: "unreadable_file"
    case .inFile(_, let error): error.code
    case .foreignFile: "foreign_file"
    case .truncatedLength: "truncated_length"
    case .headerTooLarge: "header_too_large"
    case .headerBeyondFile: "header_beyond_file"
    case .headerNotUTF8: "header_not_utf8"
    case .headerNotJSON: "header_not_json"
    case .headerNotObject: "header_not_object"
    case .duplicateKey: "duplicate_key"
    case .metadataNotString: "metadata_not_string"
    case .invalidEntry: "invalid_entry"
    case .unknownElementType: "unknown_element_type"
    case .negativeNumber: "negative_number"
    case .overflow: "number_overflow"
    case .offsetsReversed: "offsets_reversed"
    case .sizeMismatch: "size_mismatch"
    case .hole: "hole_in_data"
    case .overlap: "overlapping_tensors"
    case .truncatedData: "truncated_data"
    case .trailingBytes: "trailing_bytes"
    case .missingTensor: "missing_tensor"
    case .unexpectedTensor: "unexpected_tensor"
    case .elementType: "element_type"
    case .tensorShape: "tensor_shape"
    case .halfOverflow: "half_overflow"
    case .missingMetadata: "missing_metadata"
    case .invalidMetadata: "invalid_metadata"
    case .wrongFormat: "wrong_format"
    case .unknownVersion: "unknown_version"
    case .graph(let error): error.code
    case .labelCount: "label_count"
    case .preprocessing: "invalid_preprocessing"
    case .unknownStateDict: "unknown_state_dict"
    case .ambiguousStateDict: "ambiguous_state_dict"
    case .shardIndex: "shard_index"
    case .shard: "shard"
    case .importIncomplete: "import_incomplete"
    case .invalidPattern: "invalid_pattern"
    case .notPackable: "not_packable"
    case .layerTooLarge: "layer_too_large"
    case .elementCount: "element_count"
    case .unequalTiles: "unequal_tiles"
    case .groupOverfull: "group_overfull"
    case .rowGroupDiffers: "row_group_differs"
    case .blockColumnOutOfRange: "block_column_out_of_range"
    case .blockColumnsNotAscending: "block_columns_not_ascending"
    case .positionsNotAscending: "positions_not_ascending"
    case .scaleOutOfRange: "scale_out_of_range"
    case .wholeNumberOutOfRange: "whole_number_out_of_range"
    case .paddedNonzero: "padded_nonzero"
    }
  }
}
