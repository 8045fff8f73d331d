import Foundation
import NeuralGraph
import ServiceAPI
import TestSupport
import Testing

/// `crisp estimate` in all its forms, as a process.
@Suite struct EstimateTests {
  private static let standardTable =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Sources/Accelerators/energy-45nm.json")

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func estimate(_ arguments: [String]) throws -> JSONValue {
    let outcome = try CommandLineProgram.run("crisp", ["estimate"] + arguments + ["--json"])
    try #require(outcome.status == 0, "\(outcome.errors)")
    return try outcome.json(JSONValue.self)
  }

  private func product(_ options: [String]) throws -> (cycles: Double, energy: Double) {
    let report = try estimate(["--product", "128x1152x1024"] + options)
    return (
      try #require(report["cycles"]?.double), try #require(report["energy_uj"]?.double)
    )
  }

  /// Rows of the Sparseloop artifact (MICRO 2022), as its tables have them.
  @Test(arguments: [
    ("2:4", "1", "sparse-tensor-core", 73728.0, 173.42), ("2:4", "1", "STC", 73728, 173.42),
    ("2:6", "1", "flexible", 70218, 150.30), ("2:8", "0.44", "flexible-dual", 42271, 87.66),
  ])
  func productsAreThoseOfTheTables(
    weights: String, activations: String, accelerator: String, cycles: Double, energy: Double
  ) throws {
    let found = try product([
      "--weights", weights, "--activation-density", activations, "--accelerator", accelerator,
    ])
    #expect(abs(found.cycles / cycles - 1) < 0.08)
    #expect(abs(found.energy / energy - 1) < 0.10)
  }

  @Test func everyLevelIsTold() throws {
    let report = try estimate(["--product", "64x576x3136", "--weights", "2:4"])
    #expect(report["accelerator"]?.text == "crisp-stc")
    guard case .object(let cycles)? = report["cycles_by_level"],
      case .object(let energy)? = report["energy_uj_by_level"]
    else {
      Issue.record("no levels")
      return
    }
    #expect(cycles.keys.sorted() == ["compute", "dram", "shared_memory"])
    #expect(
      energy.keys.sorted() == ["dram", "elements", "multiplies", "registers", "shared_memory"])
    let slowest = cycles.values.compactMap(\.double).max()
    #expect(report["cycles"]?.double == slowest)
    #expect(report["bound"]?.text.flatMap { cycles[$0]?.double } == slowest)
    let sum = energy.values.compactMap(\.double).reduce(0, +)
    #expect(abs(try #require(report["energy_uj"]?.double) / sum - 1) < 1e-9)
  }

  @Test func patternsNeedTheirDensities() throws {
    let sparse = try product(["--weights", "crisp:64", "--weight-density", "0.05"])
    let denser = try product(["--weights", "crisp:64", "--weight-density", "0.4"])
    #expect(sparse.cycles < denser.cycles && sparse.energy < denser.energy)
    let anywhere = ["--weights", "unstructured", "--weight-density", "0.1"]
    let dual = try product(anywhere + ["--accelerator", "dual-side"])
    let dense = try product(anywhere + ["--accelerator", "tensor-core"])
    #expect(dual.cycles < dense.cycles)
  }

  @Test func energiesCanBeOtherOnes() throws {
    let data = try Data(contentsOf: Self.standardTable)
    let text = String(decoding: data, as: UTF8.self)
    let same = folder.file("same.json")
    try folder.write(Array(data), to: "same.json")
    #expect(try product(["--energy-table", same]) == product([]))
    try folder.write(
      Array(
        text.replacingOccurrences(of: "\"picojoules\": 64,", with: "\"picojoules\": 31.2,").utf8),
      to: "hbm.json")
    let other = try product(["--energy-table", folder.file("hbm.json")])
    #expect(try other.energy < product([]).energy)
    #expect(try other.cycles == product([]).cycles)

    try folder.write(
      Array(text.replacingOccurrences(of: "\"dram\"", with: "\"dramm\"").utf8), to: "less.json")
    try folder.write(Array("[1]".utf8), to: "list.json")
    for (file, words) in [
      ("less.json", "the energy table has no 'dram'; it needs multiply_8, multiply_16"),
      ("list.json", "the energy table cannot be read"), ("none.json", "cannot read"),
    ] {
      let outcome = try CommandLineProgram.run(
        "crisp",
        ["estimate", "--product", "8x8x8", "--energy-table", folder.file(file)])
      #expect(outcome.status != 0)
      #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }
  }

  @Test func networksAreSumsOfTheirLayers() throws {
    try PackedFiles.write(
      PackedFiles.graph(), packing: ["one", "two"], to: folder, "packed.st")
    let file = folder.file("packed.st")
    for options in [
      [], ["--batch", "16", "--memory", "resident", "--bits", "16", "--count-metadata"],
    ] {
      let report = try estimate([file] + options)
      guard case .array(let layers)? = report["layers"] else {
        Issue.record("no layers")
        return
      }
      #expect(layers.compactMap { $0["name"]?.text } == ["stem", "one", "two", "fc"])
      for member in ["cycles", "energy_uj"] {
        let sum = layers.compactMap { $0[member]?.double }.reduce(0, +)
        let total = try #require(report["total"]?[member]?.double)
        #expect(abs(total / sum - 1) < 1e-9)
        #expect(total <= report["dense"]?[member]?.double ?? 0)
      }
      // Half of the tiles of 8 x 8, 2:4 inside.
      #expect(layers[1]["weight_density"]?.double == 0.25)
      #expect(layers[0]["weight_density"]?.double == 1)
    }
    let text = try CommandLineProgram.run("crisp", ["estimate", file])
    #expect(text.output.contains("zeros of activations not measured (--data)"))
    #expect(text.output.contains("\nall: "))
  }

  @Test func zerosOfActivationsAreMeasured() throws {
    let workshop = try #require(CrispTests.workshop)
    let options = [workshop.file("universal.st"), "--accelerator", "dual-side"]
    let without = try estimate(options)
    let with = try estimate(options + ["--data", workshop.path, "--threads", "1"])
    #expect(with["activations_measured"] == .bool(true))
    #expect(without["activations_measured"] == .bool(false))
    let energies = try [with, without].map {
      try #require($0["total"]?["energy_uj"]?.double)
    }
    #expect(energies[0] < energies[1])
  }

  @Test func groupsAreModelledAsDenseAndSaidSo() throws {
    var builder = GraphBuilder(input: ActivationShape(channels: 1, height: 8, width: 8))
    var x = builder.convolution("stem", builder.image, out: 4, kernel: 1, bias: true)
    x = builder.convolution("grouped", x, out: 8, kernel: 3, groups: 2, bias: true)
    x = builder.convolution("depthwise", x, out: 8, kernel: 3, groups: 8, bias: true)
    x = builder.linear("fc", x, features: 8 * 16, out: 2)
    try PackedFiles.write(builder.graph(output: x), packing: [], to: folder, "groups.st")
    let outcome = try CommandLineProgram.run("crisp", ["estimate", folder.file("groups.st")])
    for line in [
      "grouped: 2 groups, modelled as one dense product of their weights",
      "depthwise: 8 groups, modelled as one dense product of their weights",
    ] { #expect(outcome.output.contains(line), "\(outcome.output) \(outcome.errors)") }
    #expect(!outcome.output.contains("fc: "))
  }

  @Test func theSweepOrdersPatterns() throws {
    let workshop = try #require(CrispTests.workshop)
    let report = try estimate([workshop.file("universal.st"), "--sweep", "--sparsity", "0.8"])
    guard case .array(let rows)? = report["rows"] else {
      Issue.record("no rows")
      return
    }
    // Three N:M in four block sizes and three groups of rows, and whole tiles in four sizes.
    #expect(rows.count == 3 * 4 * 3 + 4)
    let cycles = rows.compactMap { $0["cycles"]?.double }
    #expect(cycles == cycles.sorted() && cycles.count == rows.count)
    #expect(Set(rows.compactMap { $0["rows"]?.double }) == [1, 2, 4])
    #expect(Set(rows.compactMap { $0["block"]?.double }) == [8, 16, 32, 64])
    #expect(Set(rows.compactMap { $0["pattern"]?.text }) == ["1:4", "2:4", "3:4", "blocks"])
  }

  @Test(
    arguments: [
      (["x", "--accelerator", "tpu"], "there is no accelerator 'tpu'; there are tensor-core"),
      ([], "give either a model file or --product"),
      (["x", "--product", "8x8x8"], "give either a model file or --product"),
      (["--product", "8x8"], "--product"), (["--product", "0x8x8"], "M must be 1 to"),
      (["--product", "8x8x99999999"], "N must be 1 to"),
      (["--product", "8x8x8", "--weights", "4:2"], "1 ≤ keep ≤ of ≤ 64"),
      (["--product", "8x8x8", "--weights", "sparse"], "--weights"),
      (["--product", "8x8x8", "--weights", "unstructured"], "needs --weight-density"),
      (["--product", "8x8x8", "--weights", "crisp:16", "--weight-density", "0.6"], "≤ 0.5"),
      (["--product", "8x8x8", "--weights", "crisp:0"], "the block size must be 1 to 1024"),
      (["--product", "8x8x8", "--activation-density", "0"], "the activation density"),
      (["--product", "8x8x8", "--bits", "4"], "--bits must be 8 or 16"),
      (["--product", "8x8x8", "--sweep"], "need a model file"),
      (["x", "--activation-density", "0.5"], "need --product"),
      (["x", "--device", "y"], "--device needs --sweep"),
    ] as [([String], String)])
  func mistakesAreExplained(arguments: [String], words: String) throws {
    let outcome = try CommandLineProgram.run("crisp", ["estimate"] + arguments)
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains(words), "\(outcome.errors)")
  }
}
