import Foundation
import ServiceAPI
import TestSupport
import Testing

/// `crisp compare` from the outside.
@Suite struct CompareTests {
  @Test func comparesAndGoesOn() throws {
    let workshop = try #require(CrispTests.workshop)
    let folder = try TemporaryFolder()
    func compare(_ seeds: String, _ more: [String]) throws -> CommandLineProgram.Outcome {
      try CommandLineProgram.run(
        "crisp",
        [
          "compare", "--model", workshop.file("universal.st"), "--data", workshop.path,
          "--classes", "middle,top left", "--sparsities", "0.85", "--seeds", seeds, "--variant",
          "plain=\(CrispTests.shortRecipe)", "--workers", "2", "--out", folder.file("out"),
        ] + more)
    }
    let first = try compare("0", ["--json"])
    #expect(first.status == 0, "\(first.errors)")
    let report = try first.json(JSONValue.self)
    #expect(report["runs"] == .integer(1) && report["failed"] == .integer(0))
    let line = try folder.text("out/results.jsonl")

    let second = try compare("0,1", [])
    #expect(second.status == 0, "\(second.errors)")
    #expect(second.output.contains("2 of 2 runs have ended"))
    #expect(try folder.text("out/results.jsonl").hasPrefix(line), "the first run stands")
    #expect(try folder.text("out/results.csv").split(separator: "\n").count == 3)
    #expect(try folder.text("out/summary.md").contains("accuracy-comparison-k2.svg"))
    for file in ["summary.csv", "accuracy-comparison-k2.svg", "density-comparison-85.svg"] {
      #expect(try !folder.text("out/\(file)").isEmpty, "\(file)")
    }
  }

  @Test(arguments: [
    ("x={\"rows\": 4,}", "cannot be read as JSON"), ("x=[4]", "an object is missing"),
    ("hybird", "there is no standard variant of that name; there are hybrid"), ("", "has a name"),
  ])
  func variantsThatAreNone(_ variant: String, says words: String) throws {
    let outcome = try CommandLineProgram.run(
      "crisp", ["compare", "--classes", "a,b", "--out", "nowhere", "--variant", variant])
    #expect(outcome.status == 64, "\(outcome.errors)")
    #expect(
      outcome.errors.contains("--variant") && outcome.errors.contains(words), "\(outcome.errors)")
  }

  @Test func suitesAreCheckedBeforeAnyRun() throws {
    let workshop = try #require(CrispTests.workshop)
    let folder = try TemporaryFolder()
    for (json, text) in [
      (#"{"groups": [{"name": "a", "sets": [["middle", "up"]]}]}"#, "'up'"),
      (#"{"groups": [{"name": "a", "sets": [["middle"]], "seed": 1}]}"#, "groups[0].seed"),
      (
        #"""
        {"groups": [{"name": "a", "sets": [["middle", "top left"]],
          "variants": [{"name": "x", "recipe": {"itertions": 3}}]}]}
        """#, "recipe.itertions"
      ),
    ] {
      try folder.write(Array(json.utf8), to: "suite.json")
      let outcome = try CommandLineProgram.run(
        "crisp",
        [
          "compare", "--suite", folder.file("suite.json"), "--model",
          workshop.file("universal.st"), "--data", workshop.path, "--out", folder.file("out"),
        ])
      #expect(outcome.status != 0)
      #expect(outcome.errors.contains(text), "\(outcome.errors)")
      #expect(!FileManager.default.fileExists(atPath: folder.file("out")))
    }
  }
}
