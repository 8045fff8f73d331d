import COneDNN

/// What the processor has that training uses, by the names under which jobs may ask a worker for it.
public enum ProcessorLabels {
  /// Those of `avx2`, `avx512`, `vnni` and `bf16` that the processor has and the environment's limits,
  /// `CRISP_MAX_CPU_ISA` and `DNNL_MAX_CPU_ISA`, leave.
  public static let all: [String] = [
    ("avx2", [dnnl_cpu_isa_avx2]),
    ("avx512", [dnnl_cpu_isa_avx512_core]),
    // Products of bytes, in either width.
    ("vnni", [dnnl_cpu_isa_avx512_core_vnni, dnnl_cpu_isa_avx2_vnni]),
    ("bf16", [dnnl_cpu_isa_avx512_core_bf16]),
  ].filter { $0.1.contains(where: InstructionLimit.allows) }.map(\.0)
}
