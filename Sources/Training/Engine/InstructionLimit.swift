import COneDNN
import CTraining
import Foundation

/// Holds oneDNN to what the environment's limit `CRISP_MAX_CPU_ISA` says of our own kernels, so that
/// one variable makes a program compute as it would on another processor. oneDNN's own variable,
/// `DNNL_MAX_CPU_ISA`, goes first.
enum InstructionLimit {
  /// Done once, before oneDNN has compiled anything.
  static func apply() throws(TrainingError) {
    guard isKnown else { throw .invalidInstructionLimit(String(cString: crisp_limit_text())) }
  }

  /// Whether oneDNN multiplies in bfloat16 here, under both limits.
  static let allowsBF16: Bool = {
    allows(dnnl_cpu_isa_avx512_core_bf16)
  }()

  /// Whether oneDNN uses all of a level here, under both limits.
  static func allows(_ level: dnnl_cpu_isa_t) -> Bool {
    guard isKnown else { return false }
    return dnnl_get_effective_cpu_isa().rawValue & level.rawValue == level.rawValue
  }

  private static let isKnown: Bool = {
    let limits: [(Int, dnnl_cpu_isa_t)] = [
      (crisp_limit_sse41, dnnl_cpu_isa_sse41),
      (crisp_limit_avx2, dnnl_cpu_isa_avx2),
      (crisp_limit_avx512_core, dnnl_cpu_isa_avx512_core),
    ]
    let limit = Int(crisp_limit())
    // oneDNN refuses where it has settled already, and where it was built without limits.
    if getenv("DNNL_MAX_CPU_ISA") == nil, let found = limits.first(where: { $0.0 == limit }) {
      _ = dnnl_set_max_cpu_isa(found.1)
    }
    return limit != crisp_limit_unknown
  }()
}
