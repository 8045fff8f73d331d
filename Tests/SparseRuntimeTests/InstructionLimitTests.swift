import CKernels
import SparseRuntime
import Testing

/// The environment variable `CRISP_MAX_CPU_ISA`.
@Suite struct InstructionLimitTests {
  @Test(arguments: [
    ("", crisp_limit_all), ("ALL", crisp_limit_all), ("AVX512_CORE", crisp_limit_avx512_core),
    ("avx512_core", crisp_limit_avx512_core), ("AVX2", crisp_limit_avx2),
    ("SSE41", crisp_limit_sse41), ("AVX", crisp_limit_unknown), ("AVX2 ", crisp_limit_unknown),
    ("scalar", crisp_limit_unknown),
  ])
  func namesAreOneDNNs(name: String, limit: Int) {
    #expect(Int(crisp_limit_named(name)) == limit)
  }

  /// Whatever the limit of this run is.
  @Test func kernelsKeepToIt() throws {
    try InstructionSet.checkLimit()
    let levels: [InstructionSet: Int] = [
      .scalar: crisp_limit_sse41, .avx2: crisp_limit_avx2, .avx512: crisp_limit_avx512_core,
      .neon: crisp_limit_avx2,
    ]
    for set in InstructionSet.available {
      #expect(try #require(levels[set]) <= Int(crisp_limit()), "\(set)")
    }
    #expect(InstructionSet.available.first == .scalar)
  }

  /// Tests run over all that there are; these say which ones that leaves out.
  @Test(
    .enabled(if: InstructionSet.available.contains(.avx2), "no kernels for AVX2 here, or a limit"))
  func kernelsForAVX2() { #expect(crisp_kernels_named("avx2") != nil) }

  @Test(
    .enabled(
      if: InstructionSet.available.contains(.avx512), "no kernels for AVX-512 here, or a limit"))
  func kernelsForAVX512() { #expect(crisp_kernels_named("avx512") != nil) }

  @Test(
    .enabled(if: InstructionSet.available.contains(.neon), "no kernels for NEON here, or a limit"))
  func kernelsForNEON() { #expect(crisp_kernels_named("neon") != nil) }
}
