import Foundation
import ServiceAPI
import TestSupport
import Testing

/// `crisp prune --dry-run`, and the flags that limit a server's jobs.
@Suite struct DryRunTests {
  private func prune(_ options: [String]) throws -> CommandLineProgram.Outcome {
    let workshop = try #require(CrispTests.workshop)
    return try CommandLineProgram.run(
      "crisp",
      [
        "prune", "--model", workshop.file("universal.st"), "--data", workshop.path, "--classes",
        "middle,top left", "--threads", "1",
      ] + options)
  }

  @Test func theCostIsToldAndNothingIsMade() throws {
    let recipe = #"{"iterations": 1000, "samples_per_class": 1000000, "batch_size": 512}"#
    let outcome = try prune(["--dry-run", "--json", "--recipe", recipe])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let estimate = try outcome.json(JSONValue.self)
    // 1000 iterations of two epochs and ten at the end, of two million images each, in batches of all
    // the training images there are of two classes.
    let epoch = 2_000_000 / 108
    #expect(estimate["steps"]?.double == Double(2010 * epoch))
    #expect(estimate["measured"] == .bool(true))
    #expect(try #require(estimate["memory_bytes"]?.double) > 100_000_000)
    let text = try prune(["--dry-run"])
    #expect(text.status == 0, "\(text.errors)")
    #expect(text.output.contains("(measured speed), 112 updates"), "\(text.output)")
    #expect(text.output.contains("memory at the peak: about"))
  }

  @Test(arguments: [
    (["--dry-run", "--out", "x"], "leave --out out"),
    (["--dry-run", "--card", "x"], "leave --card out"), ([], "--out is needed"),
  ])
  func itStandsAlone(options: [String], words: String) throws {
    let outcome = try prune(options)
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains(words), "\(outcome.errors)")
  }

  @Test func comparisonsTellTheirCostBeforeTheyStart() throws {
    let workshop = try #require(CrispTests.workshop)
    func compare(_ options: [String]) throws -> CommandLineProgram.Outcome {
      try CommandLineProgram.run(
        "crisp",
        [
          "compare", "--model", workshop.file("universal.st"), "--data", workshop.path,
          "--classes", "middle,top left", "--sparsities", "0.5,0.75", "--seeds", "0",
          "--variant", "hybrid",
        ] + options)
    }
    let outcome = try compare(["--dry-run", "--workers", "1", "--json"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let estimate = try outcome.json(JSONValue.self)
    #expect(estimate["runs"]?.double == 2 && estimate["measured"] == .bool(true))
    let single = try prune(["--dry-run", "--json"]).json(JSONValue.self)
    // Two of the same recipe.
    #expect(
      try #require(estimate["steps"]?.double) == 2 * (try #require(single["steps"]?.double)))
    #expect(try compare([]).errors.contains("--out is needed"))
    #expect(try compare(["--dry-run", "--out", "x"]).errors.contains("leave --out out"))
  }

  @Test(arguments: [
    "--max-job-steps=0", "--max-job-seconds=0", "--max-job-seconds=nan",
    "--max-job-seconds=1e308", "--max-job-memory=0", "--max-job-memory=9223372036854775807",
    "--max-job-disk=-1", "--max-job-disk=2000000000",
  ])
  func limitsHaveRanges(option: String) throws {
    let folder = try TemporaryFolder()
    let outcome = try CommandLineProgram.run(
      "crisp-server", ["--db", folder.file("crisp.sqlite"), "--port", "0", option])
    #expect(outcome.status == 64, "\(option)")
    #expect(outcome.errors.contains(option.prefix { $0 != "=" }), "\(outcome.errors)")
  }
}
