/// How training passes store activations and compute products.
public enum Precision: String, Sendable, Hashable, Codable, CaseIterable {
  /// 32-bit floats throughout.
  case f32
  /// Activations, their gradients and the weights of products in bfloat16; sums, statistics,
  /// weight gradients and the weights that learn stay 32-bit floats (Micikevicius et al. 2018,
  /// "Mixed Precision Training"; bfloat16 needs no loss scaling).
  case bf16

  /// Whether this processor multiplies in it, as far as the environment's limits let it.
  public var isSupported: Bool { self == .f32 || Precision.hasBF16 }

  /// What training is fastest in on this processor.
  public static var fastest: Precision { hasBF16 ? .bf16 : .f32 }

  private static var hasBF16: Bool { InstructionLimit.allowsBF16 }
}
