import Foundation
import ServiceAPI
import TestSupport
import Testing

/// Budgets on the command line, and the device profiles that milliseconds need.
@Suite(.serialized) struct TargetOptionTests {
  private let folder: TemporaryFolder
  private let universal: String
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    let workshop = try #require(CrispTests.workshop)
    universal = workshop.file("universal.st")
    data = workshop.path
  }

  private func prune(_ options: [String]) throws -> CommandLineProgram.Outcome {
    try CommandLineProgram.run(
      "crisp",
      [
        "prune", "--model", universal, "--data", data, "--classes", "middle,top left",
        "--recipe", CrispTests.shortRecipe, "--threads", "1", "--json", "--out",
        folder.file("small.st"),
      ] + options)
  }

  @Test func budgetsAreKept() throws {
    for (option, member, most) in [
      ("--bytes", "packedBytes", 300_000.0), ("--macs", "keptMultiplyAccumulates", 1_200_000),
    ] {
      let outcome = try prune([option, "\(Int(most))"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let found = try #require(try outcome.json(JSONValue.self)["report"]?[member]?.double)
      #expect(found <= most, "\(option)")
    }
  }

  @Test func cyclesAndEnergyAreKept() throws {
    for (option, member, most, accelerator) in [
      ("--cycles", "cycles", 40_000.0, [String]()),
      ("--energy-uj", "energy_uj", 130, ["--accelerator", "dual-side"]),
    ] {
      let outcome = try prune([option, "\(Int(most))"] + accelerator)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let report = try outcome.json(JSONValue.self)
      #expect(report["recipe"]?["accelerator"]?.text == accelerator.last ?? "crisp-stc")
      #expect(try #require(report["accelerator"]?[member]?.double) <= most, "\(option)")
      // The file says the same, with the zeros of activations measured again or counted as none.
      let estimated = try CommandLineProgram.run(
        "crisp",
        [
          "estimate", folder.file("small.st"), "--accelerator", accelerator.last ?? "crisp-stc",
          "--json",
        ])
      let total = try #require(
        try estimated.json(JSONValue.self)["total"]?[member]?.double, "\(estimated.errors)")
      #expect(total <= most, "\(option)")
      if accelerator.isEmpty { #expect(report["accelerator"]?[member]?.double == total) }
    }
  }

  @Test func devicesAreMeasuredAndUsed() throws {
    let file = folder.file("device.json")
    let measured = try CommandLineProgram.run(
      "crisp",
      [
        "device", "--model", universal, "--name", "bench", "--rows", "4", "--rounds", "3",
        "--out", file, "--json",
      ])
    #expect(measured.status == 0, "\(measured.errors)")
    let profile = try JSONDecoder().decode(
      JSONValue.self, from: Data(contentsOf: URL(fileURLWithPath: file)))
    #expect(try measured.json(JSONValue.self) == profile)
    #expect(profile["name"] == .string("bench"))
    #expect(profile["threads"] == .integer(1))
    #expect(profile["layers"]?["layer1.0.conv1"]?["fixed"]?.double ?? -1 >= 0)

    let pruned = try prune(["--latency-ms", "1000", "--device", file, "--rows", "4"])
    #expect(pruned.status == 0, "\(pruned.errors)")
    let recipe = try pruned.json(JSONValue.self)["recipe"]
    #expect(recipe?["device"] == profile)
    #expect(recipe?["target"] == .object(["latency_ms": .integer(1000)]))

    let sweep = try CommandLineProgram.run(
      "crisp", ["estimate", universal, "--sweep", "--sparsity", "0.8", "--device", file, "--json"])
    let row = try sweep.json(JSONValue.self)["rows"]
    guard case .array(let rows)? = row, let only = rows.first else {
      Issue.record("no row: \(sweep.output) \(sweep.errors)")
      return
    }
    #expect(rows.count == 1 && only["device"] == .string("bench") && only["rows"] == .integer(4))
    #expect(only["pattern"] == .string("2:4") && only["milliseconds"]?.double ?? 0 > 0)

    let other = try prune(["--latency-ms", "1000", "--device", file])
    #expect(other.errors.contains("was measured for 2:4 B16 V4"), "\(other.errors)")
    let fast = try prune(["--latency-ms", "1e-6", "--device", file, "--rows", "4"])
    #expect(fast.errors.contains("out of reach"), "\(fast.errors)")
    let none = try prune(["--latency-ms", "1", "--device", universal])
    #expect(none.errors.contains("is not a device profile"), "\(none.errors)")
  }

  @Test(arguments: [
    (["--sparsity", "0.9", "--bytes", "1"], "cannot be used together"),
    (["--macs", "1", "--bytes", "1"], "cannot be used together"),
    (["--latency-ms", "1"], "--device"), (["--device", "x"], "--latency-ms"),
    (["--macs", "1"], "out of reach"), (["--bytes", "0"], "--bytes must be 1"),
    (["--min-accuracy", "2"], "--min-accuracy must be"), (["--storage", "float8"], "float16"),
    (["--cycles", "1", "--energy-uj", "1"], "cannot be used together"),
    (["--cycles", "1"], "out of reach"), (["--cycles", "0"], "--cycles must be 1"),
    (["--energy-uj", "0"], "--energy-uj must be"),
    (["--energy-uj", "1", "--accelerator", "tpu"], "no accelerator 'tpu'; there are tensor-core"),
    (["--accelerator", "dual-side"], "--accelerator needs --cycles or --energy-uj"),
    (["--keep", "9"], "1, 2 or 3 of 4"),
  ])
  func mistakesAreExplained(options: [String], words: String) throws {
    let outcome = try prune(options)
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains(words), "\(outcome.errors)")
  }
}
