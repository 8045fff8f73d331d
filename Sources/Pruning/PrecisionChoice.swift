import Training

/// What a recipe says of precision. Left to the machine that runs it, a request is the same request
/// on every processor; the model's card names the one that was used.
public enum PrecisionChoice: String, Sendable, Hashable, Codable, CaseIterable {
  /// The fastest one of the processor that trains: accuracy is the same.
  case automatic
  /// 32-bit floats, which every processor has.
  case f32
  /// Activations and products in bfloat16.
  case bf16

  /// The choice of exactly that precision.
  public init(_ precision: Precision) {
    switch precision {
    case .f32: self = .f32
    case .bf16: self = .bf16
    }
  }

  /// What this machine computes in.
  public var used: Precision {
    switch self {
    case .automatic: .fastest
    case .f32: .f32
    case .bf16: .bf16
    }
  }
}
