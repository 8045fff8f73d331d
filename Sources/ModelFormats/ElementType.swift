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
  /// Whole numbers of one byte; weights of packed layers that are multiples of a scale.
  case int8 = "I8"
  /// PyTorch's `num_batches_tracked` counters: written as zero, skipped when read.
  case int64 = "I64"

  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .uint8, .int8: 1
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
  /// A quarter of the bytes: weights in the hybrid pattern are whole multiples, -127 to 127, of a scale
  /// of their output channel; everything else is stored as `float16`.
  case int8

  /// How tensors outside of packed layers are stored.
  public var ofTensors: Precision { self == .int8 ? .float16 : self }

  /// Bytes of one value in the hybrid pattern.
  public var size: Int { elementType.size }

  /// How a file names it.
  var elementType: ElementType {
    switch self {
    case .float32: .float32
    case .float16: .float16
    case .int8: .int8
    }
  }
}
