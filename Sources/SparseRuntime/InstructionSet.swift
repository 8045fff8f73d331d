import CKernels

/// The instruction sets for which there are kernels.
public enum InstructionSet: String, CaseIterable, Sendable, Hashable {
  /// Plain C.
  case scalar
  /// x86-64 with AVX2, FMA and F16C.
  case avx2
  /// x86-64 with AVX-512 F and DQ, FMA and F16C.
  case avx512
  /// 64-bit Arm.
  case neon

  /// Those that this processor has and the environment's limit allows, the fastest last.
  public static var available: [InstructionSet] { allCases.filter { $0.kernels != nil } }

  /// The fastest one here.
  public static var best: InstructionSet { available.last ?? .scalar }

  /// Throws when the environment's limit, `CRISP_MAX_CPU_ISA`, is not one of those there are.
  public static func checkLimit() throws(RuntimeError) {
    guard Int(crisp_limit()) == crisp_limit_unknown else { return }
    throw .invalidInstructionLimit(String(cString: crisp_limit_text()))
  }

  /// The C table, which lives as long as the process.
  var kernels: UnsafePointer<crisp_kernels>? { crisp_kernels_named(rawValue) }
}
