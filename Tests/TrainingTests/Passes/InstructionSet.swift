import CTraining
import Testing

/// The instruction sets that the engine's own passes are compiled for.
enum InstructionSet: String, CaseIterable {
  case plain, avx2, avx512

  /// Those that this processor has.
  static let available = allCases.filter { crisp_use_passes($0.rawValue) != 0 && reset() }

  /// Runs the passes that `body` calls with this instruction set. The choice belongs to the thread,
  /// so `body` must not suspend, which a synchronous one cannot.
  func use<Result>(_ body: () throws -> Result) rethrows -> Result {
    #expect(crisp_use_passes(rawValue) != 0)
    defer { _ = InstructionSet.reset() }
    return try body()
  }

  private static func reset() -> Bool { crisp_use_passes(nil) != 0 }
}

@Suite struct InstructionSetTests {
  @Test func unknownNamesAreRefused() {
    #expect(crisp_use_passes("sse9") == 0)
    #expect(InstructionSet.available.contains(.plain))
  }

  /// Tests run over all that there are; these two say which ones that leaves out.
  @Test(
    .enabled(if: InstructionSet.available.contains(.avx2), "no passes for AVX2 here, or a limit"))
  func passesForAVX2() { #expect(InstructionSet.avx2.use { true }) }

  @Test(
    .enabled(
      if: InstructionSet.available.contains(.avx512), "no passes for AVX-512 here, or a limit"))
  func passesForAVX512() { #expect(InstructionSet.avx512.use { true }) }
}
