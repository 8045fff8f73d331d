import Testing

/// Numbers on command lines that no other test is about.
@Suite struct NumberRangeTests {
  private static let seed = "must be 0 to 9,223,372,036,854,775,807"
  private static let tooLarge = "9223372036854775808"

  @Test(
    arguments: [
      (["train", "--arch", "resnet20", "--out", "x", "--seed", tooLarge], "--seed \(seed)"),
      (
        ["prune", "--model", "x", "--classes", "a,b", "--out", "x", "--seed", tooLarge],
        "--seed \(seed)"
      ),
      (
        ["compare", "--model", "x", "--classes", "a,b", "--out", "x", "--seeds", "1,\(tooLarge)"],
        "--seeds \(seed)"
      ),
      (
        ["personalize", "--user", "a", "--classes", "a,b", "--out", "x", "--seed", tooLarge],
        "--seed \(seed)"
      ),
      (["convert", "a", "b", "--mean", "nan"], "--mean must be -1000 to 1000"),
      (["convert", "a", "b", "--mean", "0.5,1e4"], "--mean must be -1000 to 1000"),
      (["convert", "a", "b", "--mean", "inf"], "--mean must be -1000 to 1000"),
      (["convert", "a", "b", "--std", "0"], "--std must be 0.000001 to 1000"),
      (["convert", "a", "b", "--std=-0.5"], "--std must be 0.000001 to 1000"),
      (["convert", "a", "b", "--std", "1e-40"], "--std must be 0.000001 to 1000"),
      (["estimate", "x", "--batch", "4097"], "--batch must be 1 to 4096"),
      (["estimate", "x", "--images", "0"], "--images must be 1 to 1024"),
      (["estimate", "x", "--sparsity", "0.4"], "--sparsity must be 0.5 to 0.99"),
      (["jobs", "--limit", "0"], "--limit must be 1 to 100"),
      (["models", "--limit", "101"], "--limit must be 1 to 100"),
    ] as [([String], String)])
  func numbersBeyondTheirRangeAreRefused(arguments: [String], says text: String) throws {
    let outcome = try CommandLineProgram.run("crisp", arguments)
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains(text), "\(outcome.errors)")
  }

  @Test(arguments: ["AVX", "avx512", "1"])
  func theEnvironmentsLimitIsAnInstructionSet(limit: String) throws {
    let outcome = try CommandLineProgram.run(
      "crisp", ["inspect", "x"], environment: ["CRISP_MAX_CPU_ISA": limit])
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains("CRISP_MAX_CPU_ISA") && outcome.errors.contains("AVX2"))
  }
}
