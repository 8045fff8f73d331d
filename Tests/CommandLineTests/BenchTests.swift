import Cores
import Dispatch
import Foundation
import ModelFormats
import NeuralGraph
import ServiceAPI
import Synchronization
import TestSupport
import Testing

/// `crisp bench` from the outside.
@Suite struct BenchTests {
  private let folder: TemporaryFolder
  private let graph: Graph

  init() throws {
    folder = try TemporaryFolder()
    graph = try PackedFiles.graph()
    try PackedFiles.write(graph, packing: ["one", "two", "fc"], to: folder, "small.st")
  }

  private func bench(_ arguments: [String], cache: String? = nil, wrapper: [String] = []) throws
    -> CommandLineProgram.Outcome
  {
    try CommandLineProgram.run(
      "crisp", ["bench", folder.file("small.st"), "--rounds", "3"] + arguments,
      environment: ["CRISP_CACHE": cache ?? folder.file("cache")], wrapper: wrapper)
  }

  private struct Report: Decodable {
    struct Layer: Decodable {
      let name: String
      let output: [Int]
      let density: Double?
      let kernel: String?
      let microseconds: Double
      let gigaflops: Double?
      let shareOfPeak: Double?
    }
    let processor: String
    let instructionSet: String
    let peakGigaflops: Double
    let batch: Int
    let threads: Int
    let loadMilliseconds: Double
    let planMilliseconds: Double
    let leastMilliseconds: Double
    let medianMilliseconds: Double
    let sessionBytes: Int
    let layers: [Layer]?
  }

  @Test(.enabled(if: FewerCores.canPin, "there is no taskset here"))
  func threadsBeyondTheCoresOfItsAffinityAreCut() throws {
    let outcome = try bench(["--threads", "8", "--json"], wrapper: FewerCores.pinned)
    #expect(try outcome.json(Report.self).threads == 1)
    #expect(
      outcome.errors
        == "warning: --threads 8 is cut to 1, the cores that this process may use\n")
    let alone = try bench(["--threads", "1", "--json"], wrapper: FewerCores.pinned)
    #expect(alone.errors == "")
  }

  @Test(
    .enabled(if: ProcessorGroup.canBeMade, "control groups for processors cannot be made here"),
    arguments: [0.5, 1.9])
  func threadsBeyondTheTimeOfItsControlGroupAreCut(cores: Double) throws {
    let group = try ProcessorGroup(cores: cores)
    let outcome = try bench(["--threads", "8", "--json"], wrapper: group.wrapper)
    #expect(try outcome.json(Report.self).threads == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains("--threads 8 is cut to 1"))
  }

  @Test(arguments: [(1, 1), (3, 2), (16, 1)])
  func layersHaveEverythingAsJSON(batch: Int, threads: Int) throws {
    let outcome = try bench([
      "--layers", "--json", "--batch", "\(batch)", "--threads", "\(threads)",
    ])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let report = try outcome.json(Report.self)
    #expect(report.batch == batch && report.threads == Cores.threads(threads))
    #expect(!report.processor.isEmpty && !report.instructionSet.isEmpty)
    #expect(report.leastMilliseconds > 0)
    #expect(report.medianMilliseconds >= report.leastMilliseconds)
    #expect(report.loadMilliseconds > 0 && report.planMilliseconds > 0)
    #expect(report.sessionBytes > batch * 4 * graph.input.count)
    let layers = try #require(report.layers)
    // The clamps and the addition are part of the layers before them.
    #expect(layers.map(\.name) == ["stem", "one", "two", "pool", "fc"])
    #expect(
      layers.map(\.output) == [
        [16, 12, 10], [16, 12, 10], [16, 12, 10], [16, 1, 1], [3, 1, 1],
      ])
    // Half of the tiles, half of each; the stem is dense.
    #expect(layers.map(\.density) == [1, 0.25, 0.25, nil, 0.25])
    for layer in layers {
      #expect(layer.microseconds > 0, "\(layer.name)")
      let hasWeights = layer.name != "pool"
      #expect((layer.kernel?.hasPrefix(report.instructionSet + " ") == true) == hasWeights)
      #expect((layer.gigaflops ?? 0 > 0) == hasWeights)
      guard let rate = layer.gigaflops, let share = layer.shareOfPeak else { continue }
      #expect(abs(share - rate / report.peakGigaflops) < 1e-9)
    }
    // 2 x weights x positions x images in that time.
    let rate = try #require(layers[1].gigaflops)
    let operations = Double(2 * (16 * 144 / 4) * 120 * batch)
    #expect(abs(rate - operations / layers[1].microseconds / 1000) < 1e-6 * rate)
  }

  @Test func layersAreATableAsText() throws {
    let outcome = try bench(["--layers", "--batch", "3", "--threads", "2"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let lines = outcome.output.split(separator: "\n").map(String.init)
    #expect(lines.first?.contains("GFLOP/s on 2 thread(s)") == true)
    let columns = lines.dropFirst().first?.split(separator: " ").map(String.init)
    #expect(columns == ["layer", "output", "density", "kernel", "us", "GFLOP/s", "peak"])
    let names = lines.dropFirst(2).prefix(6).compactMap { $0.split(separator: " ").first }
    #expect(names == ["stem", "one", "two", "pool", "fc", "all"])
    let one = try #require(lines.first { $0.hasPrefix("one ") })
    #expect(one.contains(" 16x12x10 ") && one.contains(" 25.0 % ") && one.hasSuffix(" %"))
    #expect(lines.last?.contains("batch 3: least ") == true)
    #expect(lines.count == 9)
  }

  @Test func withoutLayersThereIsOneTime() throws {
    let text = try bench([])
    #expect(text.status == 0, "\(text.errors)")
    #expect(text.output.split(separator: "\n").count == 2)
    #expect(try bench(["--json"]).json(Report.self).layers == nil)
  }

  @Test(arguments: [
    (["--batch", "0"], "1 to 65,536"), (["--threads", "0"], "1 to 256"),
    (["--rounds=0"], "1 to 10,000"), (["--batch", "many"], "--batch"),
    (["--batch", "1000000000"], "1 to 65,536"), (["--threads", "100000"], "1 to 256"),
    (["--layer"], "--layer"),
  ])
  func badArgumentsAreExplained(arguments: [String], words: String) throws {
    let outcome = try bench(arguments)
    #expect(outcome.status != 0)
    #expect(outcome.errors.contains(words), "\(outcome.errors)")
  }

  @Test func badFilesAreNamed() throws {
    try folder.write(Array("nothing".utf8), to: "broken.st")
    for file in ["/nowhere/model.st", folder.file("broken.st")] {
      let outcome = try CommandLineProgram.run("crisp", ["bench", file])
      #expect(outcome.status != 0)
      #expect(outcome.errors.contains(file), "\(outcome.errors)")
    }
  }

  /// A file of a few hundred bytes whose activations have 23 GB.
  @Test func refusingTakesNoMemory() throws {
    var builder = GraphBuilder(input: ActivationShape(channels: 1, height: 12_000, width: 12_000))
    let values = (0..<9).map {
      builder.convolution("conv\($0)", builder.image, out: 4, kernel: 3, padding: 1)
    }
    var sum = values[0]
    for (index, value) in values.enumerated().dropFirst() {
      sum = builder.add("add\(index)", sum, builder.relu("relu\(index)", value, limit: 6))
    }
    sum = builder.globalAveragePool("pool", sum)
    let huge = try builder.graph(output: sum)
    try PackedFiles.write(huge, packing: [], to: folder, "huge.st")
    let outcome = try CommandLineProgram.run(
      "crisp", ["bench", folder.file("huge.st")], memoryKilobytes: 1 << 20)
    #expect(outcome.status == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains("too large for a session"), "\(outcome.errors)")
  }

  /// Programs that measure at the same time leave one whole file.
  @Test func programsAtOnceShareTheirCosts() throws {
    let outcomes = Mutex<[Int32]>([])
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      let status = (try? bench(["--json"]))?.status ?? -1
      outcomes.withLock { $0.append(status) }
    }
    #expect(outcomes.withLock { $0 } == [0, 0, 0, 0])
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.file("cache"))
    #expect(files.count == 1 && files[0].hasPrefix("costs-"), "\(files)")
    let text = try folder.text("cache/\(files[0])")
    let costs = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    #expect(try #require(costs["packing"]?.double) > 0)
    // The next one reads it and leaves it alone.
    #expect(try bench(["--json"]).status == 0)
    #expect(try folder.text("cache/\(files[0])") == text)
  }

  @Test func anEmptyCacheKeepsNothing() throws {
    let outcome = try CommandLineProgram.run(
      "crisp", ["bench", folder.file("small.st"), "--rounds", "1"],
      environment: ["CRISP_CACHE": "", "HOME": folder.path, "XDG_CACHE_HOME": folder.file("xdg")])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["small.st"])
  }
}
