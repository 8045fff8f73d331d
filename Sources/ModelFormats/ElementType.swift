/// The element types of safetensors that this project reads. All numbers are little-endian, as on
/// every machine Swift runs on.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
  /// IEEE 754 single precision.
  case float32 = "F32"
  /// Read only: IEEE 754 double precision, rounded to single.
  case float64 = "F64"
  /// IEEE 754 half precision.
  case float16 = "F16"
  /// Read only: the upper half of a 32-bit float.
  case bfloat16 = "BF16"
  /// Bytes; positions in packed layers.
  case uint8 = "U8"
  /// Unsigned 16-bit numbers; tile columns in packed layers.
  case uint16 = "U16"
  /// PyTorch's `num_batches_tracked` counters: written as zero, skipped when read.
  case int64 = "I64"

  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .uint8: 1
    case .float16, .bfloat16, .uint16: 2
    case .float32: 4
    case .float64, .int64: 8
    }
  }
}

/// How weights are stored. Arithmetic is always in 32 bits.
public enum Precision: String, Sendable, Hashable, CaseIterable, Codable {
  /// Single precision, as computed with.
  case float32
  /// Half the bytes. Values are rounded to the nearest half.
  case float16

  /// Bytes of one value.
  public var size: Int { elementType.size }

  /// How a file names it.
  var elementType: ElementType {
    switch self {
    case .float32: .float32
    case .float16: .float16
    }
  }
}
